-- move_departed()
-- Some of those who have left, with nothing of theirs here any more: what of them is known at the other home?
SELECT kind, value, home, move FROM moves m
WHERE state = 'moved' AND NOT EXISTS (SELECT 1 FROM audit_events WHERE user_id = m.value AND m.kind = 'user') ORDER BY random() LIMIT 500
