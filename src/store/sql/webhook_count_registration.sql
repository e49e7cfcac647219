-- webhook_count_registration()
INSERT INTO webhook_registrations (day, users)
SELECT date('now'), 1
WHERE changes() > 0
ON CONFLICT (day) DO UPDATE
SET users = users + 1
