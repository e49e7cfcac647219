-- directory_fill(?1, ?2)
-- The keys ?1 (JSON, hex) that have no route lead to the home ?2.
INSERT INTO routes (key, home, stamp) SELECT unhex(value), ?2, randomblob(8) FROM json_each(?1) WHERE true
ON CONFLICT (key) DO NOTHING
