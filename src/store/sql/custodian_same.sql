-- custodian_same(?1 event id, ?2 share digest): the stored share, where the request brought the same one again
SELECT s.backup_method, s.key_id, s.sealed_share
FROM audit_events e
JOIN custodian_backup_shares s ON s.user_id = e.user_id AND s.method = e.backup_method
WHERE e.id = ?1 AND e.outcome = 'unchanged' AND s.share_digest = ?2
