-- metrics_to(?1 id up to which events are settled, ?2 most events)
-- Up to which id events are settled: none that is stored later has a lower one.
INSERT INTO metric_marks (name, value)
SELECT 'to',
  max(
    coalesce((SELECT value FROM metric_marks WHERE name = 'from'), ''),
      min(
        ?1,
          coalesce(
            (
                SELECT id
                FROM audit_events
                WHERE id >= coalesce((SELECT value FROM metric_marks WHERE name = 'from'), '')
                ORDER BY id
                LIMIT 1 OFFSET ?2),
              ?1)))
WHERE true
ON CONFLICT (name) DO UPDATE
SET value = excluded.value
