-- directory_identity(?1)
-- By which identity the home ?1 is known.
SELECT identity FROM homes WHERE home = ?1
