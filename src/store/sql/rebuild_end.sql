-- rebuild_end()
DELETE FROM meta WHERE name = 'rebuilding'
