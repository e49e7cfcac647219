-- user_share_fetch(?1 user id, ?2 API key hash, ?3 user id, ?4 client id of the credential, ?5 backup method)
-- The share under the method, else the one under UNKNOWN (older than multi-backup): the second SELECT runs only
-- where the first gave nothing.
SELECT s.backup_method, s.key_id, s.sealed_share
FROM users u
JOIN user_backup_shares s ON s.user_id = u.id AND s.method = ?5
WHERE u.id = ?1 AND (u.client_api_key_hash = ?2 OR u.id = ?3 OR u.client_id = ?4)
UNION ALL SELECT s.backup_method, s.key_id, s.sealed_share
FROM users u
JOIN user_backup_shares s ON s.user_id = u.id AND s.method = 'UNKNOWN'
WHERE u.id = ?1 AND (u.client_api_key_hash = ?2 OR u.id = ?3 OR u.client_id = ?4)
LIMIT 1
