-- adopt_versions(?1 user id, ?2 client id, ?3 event id)
UPDATE backup_share_versions
SET user_id = ?1
WHERE user_id = ?2
  AND client_id = ?2
  AND kind = 'custodian'
  AND ?1 <> ?2
  AND EXISTS (
      SELECT 1
      FROM deleted_users d
      WHERE d.id = ?2
        AND d.client_id = ?2
        AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'adopted'))
