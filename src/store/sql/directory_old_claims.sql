-- directory_old_claims()
-- The gate of every home refuses an attempt that comes so late.
DELETE FROM claims WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')
