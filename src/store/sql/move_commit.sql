-- move_commit(?1)
-- The source gives the users of the move ?1 up, if its event says so.
-- until: when that was.
UPDATE moves SET state = 'moved', until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE move = ?1 AND state = 'leaving' AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?1)
