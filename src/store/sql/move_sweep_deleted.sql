-- move_sweep_deleted(?1, ?2)
-- … and the deletions.
DELETE FROM deleted_users WHERE id IN (SELECT value FROM json_each(?1)) AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND (state = 'moved' OR state = 'arriving' AND joins = 0))
