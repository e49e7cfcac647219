-- directory_open()
-- Homes take users once no row means that nobody is known.
UPDATE homes SET state = 'open' WHERE state = 'new' AND (SELECT value FROM meta WHERE name = 'complete') = '1' RETURNING home
