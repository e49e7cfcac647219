-- A page of a merge with the copy reads objects first, and writes later. What is taken away from a user in between may be copied by then, and
-- its note gone: the page would bring it back. So for an hour after a page began ('merge_page' in meta) such a note, when it goes, leaves its user's
-- id in merge_taken.
CREATE TABLE merge_taken (
  user_id TEXT NOT NULL PRIMARY KEY,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER changes_taken AFTER DELETE ON changes WHEN OLD.what IN ('removed', 'deleted', 'purged')
  AND EXISTS (SELECT 1 FROM meta WHERE name = 'merge_page' AND value > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'))
BEGIN
  INSERT INTO merge_taken (user_id, at) VALUES (OLD.user_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT (user_id) DO UPDATE SET at = excluded.at;
END;

-- Whom a page of a merge leaves out; 'merging' tells when it began. A merge's own notes are none of these.
DROP VIEW merge_leaves_out;
CREATE VIEW merge_leaves_out AS
SELECT user_id FROM changes WHERE what IN ('removed', 'deleted', 'purged') AND EXISTS (SELECT 1 FROM meta WHERE name = 'merging')
UNION ALL
SELECT t.user_id FROM meta m CROSS JOIN merge_taken t WHERE m.name = 'merging' AND t.at >= m.value
UNION ALL
-- A move would leave behind what its user gets here meanwhile. A user who has moved would never see it, and a purge would not erase it.
SELECT value FROM moves WHERE kind = 'user' AND EXISTS (SELECT 1 FROM meta WHERE name = 'merging');

UPDATE meta SET value = '27' WHERE name = 'schema_version';
