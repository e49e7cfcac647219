-- metrics_shares_counted()
INSERT INTO metric_marks (name, value)
SELECT 'shares counted', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE true
ON CONFLICT (name) DO UPDATE
SET value = excluded.value
