-- ended_moves_expire()
-- As long as the arrivals are kept.
DELETE FROM ended_moves WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-62 days')
