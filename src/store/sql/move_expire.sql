-- move_expire()
-- Marks of who left 31 days ago go: no route is remembered for so long, and nothing of them is in this home's second copy. So does a lease
-- that has ended: nothing is carried out under it any more.
DELETE FROM moves WHERE state = 'moved' AND until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-31 days')
    AND NOT EXISTS (SELECT 1 FROM audit_events WHERE user_id = moves.value AND moves.kind = 'user')
  OR state = 'leaving' AND until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
