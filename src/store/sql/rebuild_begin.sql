-- rebuild_begin(?1, ?2): Begins a rebuild's transaction: its writes leave no notes, for they come from the copy. The database goes on copying in the epoch ?1 or a later one, and copies nothing anew.
INSERT INTO meta (name, value)
SELECT column1, column2 FROM (VALUES ('rebuilding', ''), ('copying', 'done'), ('copy_epoch', ?1), ('identity', ?2)) WHERE true
ON CONFLICT (name) DO UPDATE SET value = excluded.value
WHERE name = 'copy_epoch' AND cast(excluded.value AS INTEGER) > cast(meta.value AS INTEGER)
