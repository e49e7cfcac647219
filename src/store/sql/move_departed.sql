-- move_departed()
-- Some of those who have left, with nothing of theirs here any more, by the home that they went to: what of them is known there?
SELECT home, json_group_array(json_array(kind, value, move, until)) AS marks FROM (
  SELECT kind, value, move, until, home FROM moves m
  WHERE state = 'moved' AND NOT EXISTS (SELECT 1 FROM audit_events WHERE user_id = m.value AND m.kind = 'user') ORDER BY random() LIMIT 500)
GROUP BY home
