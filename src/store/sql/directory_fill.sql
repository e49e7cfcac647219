-- directory_fill(?1, ?2, ?3)
-- The keys ?1 (JSON, hex) lead to the home ?2; those that lead elsewhere already only if ?3 is 1.
INSERT INTO routes (key, home, stamp) SELECT unhex(value), ?2, randomblob(8) FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET home = excluded.home, stamp = excluded.stamp WHERE home <> excluded.home AND ?3 = 1
