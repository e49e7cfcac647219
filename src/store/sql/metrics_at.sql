-- metrics_at()
INSERT INTO metric_marks (name, value)
SELECT 'at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE true
ON CONFLICT (name) DO UPDATE
SET value = excluded.value
