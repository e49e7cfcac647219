-- move_sweep_users(?1, ?2)
-- The rows of the users ?1 (JSON) go: this home is not their authority, by the move ?2. Triggers move the shares into the history.
DELETE FROM users WHERE id IN (SELECT value FROM json_each(?1))
  AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND kind = 'user' AND value = users.id AND (state = 'moved' OR state = 'arriving' AND joins <> 1))
