-- approval_read(?1 id)
SELECT id, action, user_id AS userId, cast(parameters ->> 'minutes' AS INTEGER) AS minutes,
  parameters ->> 'clientId' AS clientId, requested_by AS requestedBy,
  CASE role_rank WHEN 0 THEN 'viewer' WHEN 1 THEN 'support' ELSE 'admin' END AS role, reason,
  requested_at AS requestedAt, expires_at AS expiresAt
FROM approvals
WHERE id = ?1
