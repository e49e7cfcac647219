-- restore_versions(?1 user id, ?2 client id, ?3 time of the deletion)
-- Nothing where the user was not restored, for a purge came meanwhile: the versions would be nobody's.
UPDATE backup_share_versions
SET user_id = ?1
WHERE user_id = ?2
  AND client_id = ?2
  AND kind = 'custodian'
  AND ?1 <> ?2
  AND EXISTS (SELECT 1 FROM users WHERE id = ?1 AND client_id = ?2)
  AND EXISTS (
      SELECT 1
      FROM deleted_users d
      WHERE d.id = ?2
        AND d.client_id = ?2
        AND (
            d.id = ?1 AND d.deleted_at <= ?3
              -- Of what a webhook registered in its place: the client was its own user, and webhooks alone ever made
              -- that one.
              OR d.id = ?2
                  AND NOT EXISTS (
                      SELECT 1 FROM deleted_users k WHERE k.id = ?2 AND k.client_id = ?2 AND NOT k.made_by_webhook)))
