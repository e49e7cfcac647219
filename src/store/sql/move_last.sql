-- move_last()
-- When somebody has last left this home.
SELECT max(until) AS at FROM moves WHERE state = 'moved'
