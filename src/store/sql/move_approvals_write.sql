-- move_approvals_write(?1, ?2)
-- Writes the rows ?1 (JSON) of the move ?2, once.
INSERT OR IGNORE INTO approvals (id, action, user_id, parameters, reason, requested_by, role_rank, requested_at, expires_at, decision, decided_by, decision_id)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7,
  j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11
FROM json_each(?1) j
WHERE true AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND state = 'landing')
