-- directory_seen(?1, ?2, ?3, ?4, ?5)
-- What the background saw of the home ?1: its bytes, its users. From ?4 bytes on it takes no new users.
UPDATE homes SET bytes = ?2, users = ?3, place = ?5, seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
  state = iif(state = 'open' AND ?2 >= ?4, 'closed', state)
WHERE home = ?1 RETURNING state, seen_at
