-- metrics_recent(?1 id up to which events are settled)
-- By day, and in all (the day '').
INSERT INTO daily_events (day, action, outcome, recent, settled)
WITH counted AS (
  SELECT substr(at, 1, 10) AS day, action, outcome, count(*) AS n
  FROM audit_events
  WHERE id >= coalesce((SELECT value FROM metric_marks WHERE name = 'to'), '')
    AND coalesce((SELECT value FROM metric_marks WHERE name = 'to'), '') >= ?1
  GROUP BY 1, 2, 3)
SELECT day, action, outcome, n, 0
FROM counted
UNION ALL SELECT '', action, outcome, sum(n), 0
FROM counted
GROUP BY action, outcome HAVING true
ON CONFLICT (day, action, outcome) DO UPDATE
SET recent = excluded.recent
