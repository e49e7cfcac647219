-- move_left()
-- Who has left: their last events may still be here. In turns, as in move_stale.
SELECT move, home, json_group_array(value) AS users,
  (SELECT json_group_array(json_array(kind, value, move, until)) FROM moves WHERE move = m.move) AS marks
FROM moves m
WHERE state = 'moved' AND kind = 'user' AND EXISTS (SELECT 1 FROM audit_events WHERE user_id = m.value) GROUP BY move, home
ORDER BY random() LIMIT 20
