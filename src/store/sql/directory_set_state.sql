-- directory_set_state(?1, ?2)
-- Whether the home ?1 takes new users. Another one than home 0 opens only once every user of home 0 has routes: before, who has none would be
-- registered again there.
UPDATE homes SET state = ?2 WHERE home = ?1
  AND (?2 <> 'open' OR ?1 = 0 OR (SELECT value FROM meta WHERE name = 'complete') = '1') RETURNING home
