-- The gate of 0008 as a table instead of a view, for `wrangler d1 export` (4.156) writes triggers before views, and a trigger on a
-- view that is not there yet stops the loading of the dump. A row never comes into it: 0 rows are written, as before.
DROP VIEW attempts;
CREATE TABLE attempts (event_id TEXT NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL) STRICT;

CREATE TRIGGER attempts_once_and_in_time BEFORE INSERT ON attempts
BEGIN
  SELECT RAISE(ABORT, 'carried out before') WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.event_id);
  SELECT RAISE(ABORT, 'not in time ' || cast(unixepoch('subsec') * 1000 AS INTEGER))
    WHERE unixepoch('subsec') * 1000 NOT BETWEEN NEW.not_before AND NEW.not_after;
  SELECT RAISE(IGNORE);
END;

-- A digest of a cipher text alone, whatever its method: it tells that one stands under two methods. Null of what was stored before.
ALTER TABLE user_backup_shares ADD COLUMN text_digest TEXT;

UPDATE meta SET value = '18' WHERE name = 'schema_version';
