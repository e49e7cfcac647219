-- move_end(?1)
-- How the move ?1 from this home ended: 'moved', 'broke off', or NULL where it goes on, or this home does not know of it.
SELECT CASE
  WHEN EXISTS (SELECT 1 FROM moves WHERE move = ?1 AND state = 'moved') THEN 'moved'
  WHEN EXISTS (SELECT 1 FROM ended_moves WHERE move = ?1) THEN 'broke off'
  WHEN EXISTS (SELECT 1 FROM moves WHERE move = ?1 AND state = 'leaving' AND until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) THEN 'broke off'
END AS ended
