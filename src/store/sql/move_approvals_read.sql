-- move_approvals_read(?1, ?2)
-- The next rows of the users ?1 (JSON), ?2 of which were read before.
SELECT ?2 + row_number() OVER (ORDER BY k) AS place, row FROM (
  SELECT t.id AS k, json_array(t.id, t.action, t.user_id, t.parameters, t.reason, t.requested_by, t.role_rank, t.requested_at,
    t.expires_at, t.decision, t.decided_by, t.decision_id) AS row
  FROM approvals t WHERE t.user_id IN (SELECT value FROM json_each(?1))
  ORDER BY 1 LIMIT 500 OFFSET ?2) AS page
