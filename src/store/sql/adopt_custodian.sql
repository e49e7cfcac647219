-- adopt_custodian(?1 user id, ?2 client id, ?3 event id)
INSERT INTO custodian_backup_shares (
  id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share)
SELECT v.id, v.user_id, v.backup_method, v.backup_share_pair_id, v.key_id, v.share_digest, v.created_at, v.stored_at,
  v.sealed_share
FROM backup_share_versions v
WHERE v.user_id = ?1
  AND v.client_id = ?2
  AND v.kind = 'custodian'
  AND v.reason = 'deleted'
  AND v.superseded_at IN (
      SELECT d.deleted_at
      FROM deleted_users d
      WHERE d.id = ?2
        AND d.client_id = ?2
        AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'adopted'))
ORDER BY v.superseded_at DESC
ON CONFLICT DO NOTHING
