-- merge_end()
DELETE FROM meta WHERE name = 'merging'
