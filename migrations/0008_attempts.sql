-- A request is carried out at most once, and never after it has been answered. Every batch that changes something begins
-- with an INSERT into this view. The trigger stops the whole batch where the request's event exists, which means that it
-- was carried out before; and where the Worker no longer listens to this attempt. Times are milliseconds since 1970.
CREATE VIEW attempts AS SELECT '' AS event_id, 0 AS not_before, 0 AS not_after WHERE false;

-- Where the clocks differ, the error tells the Worker what time it is here.
CREATE TRIGGER attempts_once_and_in_time INSTEAD OF INSERT ON attempts
BEGIN
  SELECT RAISE(ABORT, 'carried out before') WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.event_id);
  SELECT RAISE(ABORT, 'not in time ' || cast(unixepoch('subsec') * 1000 AS INTEGER))
    WHERE unixepoch('subsec') * 1000 NOT BETWEEN NEW.not_before AND NEW.not_after;
END;

UPDATE meta SET value = '8' WHERE name = 'schema_version';
