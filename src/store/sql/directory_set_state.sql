-- directory_set_state(?1, ?2)
-- Whether the home ?1 takes new users.
UPDATE homes SET state = ?2 WHERE home = ?1 RETURNING home
