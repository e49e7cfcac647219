-- audit_search(?1 before this id, ?2 from this id, ?3 limit, ?4 action, ?5 operator, ?6 outcome, ?7 how many to look at)
-- Each of ?4 to ?6 may be NULL.
SELECT id, at, actor, action, user_id AS userId, client_id AS clientId, backup_method AS backupMethod, outcome,
  request_id AS requestId, source_address AS sourceAddress, operator, approved_by AS approvedBy, reason, counts
FROM (SELECT * FROM audit_events WHERE id < ?1 AND id >= ?2 ORDER BY id DESC LIMIT ?7)
WHERE (?4 IS NULL OR action = ?4)
  AND (?5 IS NULL OR operator = ?5 OR approved_by = ?5)
  AND (?6 IS NULL OR outcome = ?6)
ORDER BY id DESC
LIMIT ?3
