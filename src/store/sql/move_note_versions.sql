-- move_note_versions(?1)
-- Where there is a second copy, the versions ?1 (JSON) are noted for it: what is written to the history by itself leaves no note.
UPDATE backup_share_versions SET user_id = user_id
WHERE (user_id, id) IN (SELECT value ->> 1, value ->> 0 FROM json_each(?1)) AND EXISTS (SELECT 1 FROM copying)
