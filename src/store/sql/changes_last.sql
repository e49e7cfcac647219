-- changes_last(?1, ?2): The last number of the epoch that this database ends. What was noted since the time ?1, when the head was written, waits, all of it, or nothing was.
-- ?2: where another run has ended the epoch. If that one broke off, all that was noted since waits too, for the next epoch. If not all of it waits, this
-- database has come back out of a past that was lost (somebody has taken Time Travel back), and the epoch goes on to what it has.
WITH noted AS (
  SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) AS seq
), last AS (
  SELECT coalesce((SELECT seq - 1 FROM changes WHERE at >= ?1 ORDER BY seq LIMIT 1), seq) AS seq FROM noted
)
SELECT iif((SELECT count(*) FROM changes WHERE seq > ?2) = max(noted.seq - ?2, 0), min(last.seq, ?2), last.seq) AS last FROM noted, last
