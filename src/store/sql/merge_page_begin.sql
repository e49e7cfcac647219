-- merge_page_begin(): A page of a merge begins. From now on what is taken away from a user leaves a row in merge_taken.
INSERT INTO meta (name, value) VALUES ('merge_page', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT (name) DO UPDATE SET value = excluded.value
RETURNING value AS at
