-- metrics_keep_alarm(?1 message, ?2 count, ?3 run)
INSERT INTO daily_alarms (day, message, count, run)
VALUES (date('now'), ?1, ?2, ?3)
ON CONFLICT (day, message) DO UPDATE
SET count = count + excluded.count, run = excluded.run
WHERE run <> excluded.run
