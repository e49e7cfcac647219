-- restore_custodian(?1 user id, ?2 client id, ?3 time of the deletion)
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
      WHERE d.client_id = ?2
        AND (
            d.id = ?1 AND d.deleted_at <= ?3
              -- Of what a webhook registered in its place: the client was its own user, and webhooks alone ever made
              -- that one.
              OR d.id = ?2
                  AND NOT EXISTS (
                      SELECT 1 FROM deleted_users k WHERE k.id = ?2 AND k.client_id = ?2 AND NOT k.made_by_webhook)))
ORDER BY v.superseded_at DESC
ON CONFLICT DO NOTHING
