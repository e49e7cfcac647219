-- move_sweep_approvals(?1, ?2)
-- … and the requests that wait for a second operator.
DELETE FROM approvals WHERE user_id IN (SELECT value FROM json_each(?1))
  AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND kind = 'user' AND value = approvals.user_id AND (state = 'moved' OR state = 'arriving' AND joins <> 1))
  AND NOT EXISTS (SELECT 1 FROM move_remains WHERE user_id = approvals.user_id AND what = 'approval' AND place = approvals.id)
