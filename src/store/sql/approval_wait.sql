-- approval_wait(?1 event id, ?2 action, ?3 user id, ?4 parameters, ?5 reason, ?6 operator, ?7 rank of their role)
-- It is of the client that has the id now (`of`), or of nobody: a purge may be of a deleted user.
INSERT INTO approvals (id, action, user_id, parameters, reason, requested_by, role_rank, requested_at, expires_at)
SELECT ?1, ?2, ?3, json_set(?4, '$.of', (SELECT client_id FROM users WHERE id = ?3)), ?5, ?6, ?7,
  strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+24 hours')
WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = ?1 AND outcome = 'waiting')
