-- clock_now()
-- The time of the gate (`migrations/0008_attempts.sql`): milliseconds since 1970, by the database's clock.
SELECT cast(unixepoch('subsec') * 1000 AS INTEGER) AS now
