-- directory_replace(?1, ?2, ?3)
-- The home ?1 is the database ?2 from now on, in the place of the database ?3.
UPDATE homes SET identity = ?2 WHERE home = ?1 AND identity = ?3 RETURNING home
