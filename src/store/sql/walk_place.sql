-- walk_place(?1)
-- The walk over the users stands behind the id ?1.
INSERT INTO meta (name, value) VALUES ('routes', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value
