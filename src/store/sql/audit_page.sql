-- audit_page(?1 before this id, ?2 from this id, ?3 limit)
SELECT id, at, actor, action, user_id AS userId, client_id AS clientId, backup_method AS backupMethod, outcome,
  request_id AS requestId, source_address AS sourceAddress, operator, approved_by AS approvedBy, reason, counts
FROM audit_events
WHERE id < ?1 AND id >= ?2
ORDER BY id DESC
LIMIT ?3
