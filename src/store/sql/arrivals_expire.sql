-- arrivals_expire()
-- Twice as long as the mark of who left is kept.
DELETE FROM arrivals WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-62 days')
