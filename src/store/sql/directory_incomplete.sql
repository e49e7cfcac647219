-- directory_incomplete()
-- Nobody knows who has no row.
DELETE FROM meta WHERE name = 'complete'
