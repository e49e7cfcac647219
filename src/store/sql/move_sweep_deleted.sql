-- move_sweep_deleted(?1, ?2)
-- … and the deletions …
DELETE FROM deleted_users WHERE id IN (SELECT value FROM json_each(?1))
  AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND kind = 'user' AND value = deleted_users.id AND (state = 'moved' OR state = 'arriving' AND joins <> 1))
  AND NOT EXISTS (SELECT 1 FROM move_remains WHERE user_id = deleted_users.id AND what = 'deleted' AND place = deleted_users.deleted_at)
