-- merge_note_versions()
-- The versions that the merge has written are noted for the copy: what is written to the history by itself leaves no note.
UPDATE backup_share_versions SET user_id = user_id
WHERE rowid > (SELECT cast(value AS INTEGER) FROM meta WHERE name = 'merged_behind')
