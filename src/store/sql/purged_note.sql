-- purged_note(?1, ?2, ?3): The purge ?3 of the user ?1 and the client ?2, for the copy. Noted wherever there ever was one, also while no bucket
-- is bound: else a rebuild from it would bring the person back.
INSERT INTO changes (at, user_id, what, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?1, 'purged', json_object('clientId', ?2)
WHERE EXISTS (SELECT 1 FROM meta WHERE name = 'copy_epoch') AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'rebuilding')
  AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'purged')
