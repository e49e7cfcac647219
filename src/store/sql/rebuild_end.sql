DELETE FROM meta WHERE name = 'rebuilding'
