-- directory_settle(?1, ?2)
-- The registration ?2 is over.
DELETE FROM claims WHERE key IN (SELECT unhex(value) FROM json_each(?1)) AND claim = ?2
