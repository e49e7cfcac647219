-- home_note_arrival(?1)
-- The users of the move ?1 are about to have arrived.
INSERT INTO arrivals (move, at) SELECT DISTINCT move, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM moves WHERE move = ?1 AND state = 'arriving'
ON CONFLICT (move) DO NOTHING
