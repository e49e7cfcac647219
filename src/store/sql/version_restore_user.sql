-- version_restore_user(?1 user id, ?2 version id, ?3 event id, ?4 kind or NULL)
INSERT INTO user_backup_shares (
  id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share)
SELECT v.id, v.user_id, v.backup_method, v.backup_share_pair_id, v.key_id, v.share_digest, v.created_at, v.stored_at,
  v.sealed_share
FROM backup_share_versions v
WHERE v.rowid = (
    SELECT v.rowid
    FROM users u
    JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id
    WHERE u.id = ?1 AND v.id = ?2 AND v.kind = coalesce(?4, v.kind)
    ORDER BY v.superseded_at DESC, v.kind
    LIMIT 1)
  AND v.kind = 'user'
  AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'restored')
ON CONFLICT DO UPDATE
SET id = excluded.id, backup_method = excluded.backup_method, backup_share_pair_id = excluded.backup_share_pair_id,
  key_id = excluded.key_id, share_digest = excluded.share_digest, updated_at = excluded.updated_at,
  sealed_share = excluded.sealed_share, replaced_alone_at = NULL, text_digest = NULL
WHERE id <> excluded.id
