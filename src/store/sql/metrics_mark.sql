-- metrics_mark(?1 name)
INSERT INTO metric_marks (name, value)
VALUES (?1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
ON CONFLICT (name) DO UPDATE
SET value = excluded.value
