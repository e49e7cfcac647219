-- metrics_from()
INSERT INTO metric_marks (name, value)
SELECT 'from', coalesce((SELECT value FROM metric_marks WHERE name = 'to'), '')
WHERE true
ON CONFLICT (name) DO UPDATE
SET value = excluded.value
