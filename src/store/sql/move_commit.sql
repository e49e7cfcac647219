-- move_commit(?1)
-- The source gives the users of the move ?1 up, if it has held still until now.
-- until: when that was.
UPDATE moves SET state = 'moved', until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE move = ?1 AND state = 'leaving' AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
