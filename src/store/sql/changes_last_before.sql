-- changes_last_before(?1): The last number noted before the time ?1. What was noted since waits, all of it, or nothing was: else the last number of all.
SELECT coalesce((SELECT seq - 1 FROM changes WHERE at >= ?1 ORDER BY seq LIMIT 1), (SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) AS last
