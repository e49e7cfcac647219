-- user_entries(?1 user id, ?2 API key hash, ?3 user id, ?4 client id of the credential)
SELECT 'custodian' AS kind, backup_method, backup_share_pair_id, updated_at AS stored_at, key_id, NULL AS replaced_alone_at,
  NULL AS same_as
FROM custodian_backup_shares
WHERE user_id = (SELECT id FROM users WHERE id = ?1 AND (client_api_key_hash = ?2 OR id = ?3 OR client_id = ?4))
UNION ALL SELECT 'user', s.backup_method, s.backup_share_pair_id, s.updated_at, s.key_id, s.replaced_alone_at,
  (
    SELECT o.backup_method
    FROM user_backup_shares o
    WHERE o.user_id = s.user_id AND o.text_digest = s.text_digest AND o.method <> s.method
    LIMIT 1)
FROM user_backup_shares s
WHERE s.user_id = (SELECT id FROM users WHERE id = ?1 AND (client_api_key_hash = ?2 OR id = ?3 OR client_id = ?4))
ORDER BY 1, backup_method COLLATE NOCASE
