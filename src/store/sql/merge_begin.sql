-- merge_begin(): Begins a merge's transaction. Deletions come first, and leave no notes: they are the copy's own, and behind a registration their notes would undo it.
INSERT INTO meta (name, value) VALUES ('rebuilding', ''), ('merging', '') ON CONFLICT (name) DO NOTHING
