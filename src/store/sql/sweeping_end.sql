-- sweeping_end()
DELETE FROM meta WHERE name = 'copy_sweeping'
