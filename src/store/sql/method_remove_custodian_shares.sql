-- method_remove_custodian_shares(?1 user id, ?2 backup method, ?3 event id)
-- Not those of another backup whose method begins with this one's: PASSWORD-RECOVERY.
DELETE FROM custodian_backup_shares AS c
WHERE c.user_id = ?1
  AND (c.method = ?2 OR substr(c.method, 1, length(?2) + 1) = ?2 || '-' COLLATE NOCASE)
  AND NOT EXISTS (
        SELECT 1
        FROM user_backup_shares s
        WHERE s.user_id = ?1
          AND length(s.method) > length(?2)
          AND (c.method = s.method OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE))
  AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'removed')
