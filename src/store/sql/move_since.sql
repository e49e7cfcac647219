-- move_since(?1)
-- Whether somebody has left this home since the time ?1, in milliseconds.
SELECT 1 FROM moves WHERE state = 'moved' AND until > strftime('%Y-%m-%dT%H:%M:%fZ', ?1 / 1000.0, 'unixepoch') LIMIT 1
