-- directory_moved(?1, ?2, ?3)
-- The keys ?1 (JSON, hex) lead to the home ?3 now, where they led to ?2.
UPDATE routes SET home = ?3, stamp = randomblob(8) WHERE key IN (SELECT unhex(value) FROM json_each(?1)) AND home = ?2
