-- directory_moved(?1, ?2, ?3)
-- The keys ?1 (JSON, hex) lead to the home ?3 now, where they led to ?2 or nowhere: a rebuild may not have come to them yet.
INSERT INTO routes (key, home, stamp) SELECT unhex(value), ?3, randomblob(8) FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET home = excluded.home, stamp = excluded.stamp WHERE home = ?2
