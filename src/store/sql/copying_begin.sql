-- copying_begin(?1): From now on changes leave notes (their epoch is settled with the bucket); what was there before gets its notes page by page. ?1 names the database for the copy, if nothing does yet.
INSERT INTO meta (name, value)
SELECT column1, column2 FROM (VALUES ('copying', 'begun'), ('copy_epoch', '0'), ('identity', ?1)) WHERE true
ON CONFLICT (name) DO NOTHING
