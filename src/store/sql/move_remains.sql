-- move_remains(?1)
-- Lists what the users of the move ?1 have here already, before anything arrives: once.
INSERT INTO move_remains (user_id, what, place)
WITH fresh AS MATERIALIZED (SELECT value AS id FROM moves m WHERE move = ?1 AND kind = 'user' AND joins = 2
  AND NOT EXISTS (SELECT 1 FROM move_remains WHERE user_id = m.value))
SELECT user_id, 'version', json_array(kind, v.id, backup_method, stored_at, superseded_at) FROM fresh CROSS JOIN backup_share_versions v ON v.user_id = fresh.id
UNION SELECT d.id, 'deleted', deleted_at FROM fresh CROSS JOIN deleted_users d ON d.id = fresh.id
UNION SELECT user_id, 'approval', a.id FROM fresh CROSS JOIN approvals a ON a.user_id = fresh.id
