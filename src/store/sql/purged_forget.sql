-- purged_forget(?1, ?2, ?3): The purge ?3 of the user ?1 and the client ?2 is carried out: what was noted of the user before is not copied any more.
-- The notes stay, and tell nothing: by the first number that was noted since Time Travel changes_last knows where the lost past begins.
-- Unless another client has the id, or had it: its notes are needed, as is the one of an earlier purge.
UPDATE changes SET what = 'version', kind = NULL, backup_method = NULL, version_id = NULL, record = NULL
WHERE user_id = ?1 AND what <> 'purged' AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'purged')
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND client_id <> ?2)
  AND NOT EXISTS (SELECT 1 FROM deleted_users WHERE id = ?1 AND client_id <> ?2)
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = ?1 AND client_id <> ?2)
