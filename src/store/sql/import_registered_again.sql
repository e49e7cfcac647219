-- import_registered_again(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON))
-- Who is registered although an earlier deletion has just come in is noted once more, for the second copy: its last word is that the
-- user is there.
UPDATE users SET created_at = created_at
WHERE id IN (SELECT value ->> 'id' FROM json_each(?5) WHERE value ->> 'deletedAt' IS NOT NULL)
