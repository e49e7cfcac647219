-- directory_elsewhere(?1, ?2)
-- Those of the keys ?1 (JSON, hex) that lead to another home than ?2.
SELECT hex(key) AS key, home, hex(stamp) AS stamp FROM routes WHERE key IN (SELECT unhex(value) FROM json_each(?1)) AND home <> ?2
