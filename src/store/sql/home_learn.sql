-- home_learn(?1)
-- From now on this database is the home ?1 of many.
INSERT INTO meta (name, value) VALUES ('home', ?1), ('spread', '1') ON CONFLICT (name) DO UPDATE SET value = excluded.value
