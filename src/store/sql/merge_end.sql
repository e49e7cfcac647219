-- merge_end()
DELETE FROM meta WHERE name IN ('merging', 'merged_behind')
