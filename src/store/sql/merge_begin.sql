-- merge_begin(?1): Begins a transaction of a merge's page that began at ?1. Deletions come first, and leave no notes: they are the copy's own, and behind a registration their notes would undo it.
INSERT INTO meta (name, value)
SELECT column1, column2 FROM (VALUES ('rebuilding', ''), ('merging', ?1),
  ('merged_behind', (SELECT coalesce(max(rowid), 0) FROM backup_share_versions))) WHERE true
ON CONFLICT (name) DO NOTHING
