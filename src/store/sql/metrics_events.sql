-- metrics_events(?1 days)
SELECT day, action, outcome, settled + recent AS n
FROM daily_events
WHERE day > date('now', '-' || ?1 || ' days') AND settled + recent > 0
ORDER BY day, action, outcome
