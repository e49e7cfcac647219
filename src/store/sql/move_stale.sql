-- move_stale()
-- Who was to arrive here an hour ago: the move, its source, and the users. In turns: one that cannot be settled keeps no other from it.
SELECT move, home, json_group_array(value) AS users,
  (SELECT json_group_array(json_array(kind, value, move, until)) FROM moves WHERE move = m.move) AS marks FROM moves m
WHERE state = 'arriving' AND kind = 'user' AND until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour') GROUP BY move, home
ORDER BY random() LIMIT 20
