-- move_extend(?1)
-- The source goes on holding still for the move ?1, if it does.
UPDATE moves SET until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+30 seconds')
WHERE move = ?1 AND state = 'leaving' AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
