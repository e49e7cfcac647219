-- metrics_totals()
SELECT day, action, outcome, settled + recent AS n
FROM daily_events
WHERE day = '' AND settled + recent > 0
ORDER BY day, action, outcome
