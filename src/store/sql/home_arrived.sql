-- home_arrived(?1)
-- The source has given the user up: this home is the authority.
DELETE FROM moves WHERE move = ?1 AND state = 'arriving'
