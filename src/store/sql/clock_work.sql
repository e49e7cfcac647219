-- clock_work(?1)
-- Keeps the database busy for ?1 steps, some millions a second. Reads no table.
WITH RECURSIVE steps (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps WHERE n < ?1) SELECT max(n) AS n FROM steps
