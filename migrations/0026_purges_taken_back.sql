-- Whoever brings a user back takes back the purge that waits for it; a webhook too, where UNKNOWN_CLIENTS = "register". The audit trail says so now:
-- the trigger of 0013, with an event. Its id is a UUID v7, as the Worker makes them.
DROP TRIGGER users_purge_cancelled;
CREATE TRIGGER users_purge_cancelled AFTER INSERT ON users
WHEN EXISTS (SELECT 1 FROM purges WHERE user_id = NEW.id AND client_id = NEW.client_id)
BEGIN
  INSERT INTO audit_events (id, at, actor, action, user_id, client_id, outcome)
  SELECT substr(ms, 1, 8) || '-' || substr(ms, 9) || '-7' || substr(random, 1, 3) || '-8' || substr(random, 4, 3) || '-' || substr(random, 7),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'system', 'cancel_purge', NEW.id, NEW.client_id, 'cancelled'
  FROM (SELECT printf('%012x', unixepoch('subsec') * 1000) AS ms, lower(hex(randomblob(9))) AS random);
  DELETE FROM purges WHERE user_id = NEW.id AND client_id = NEW.client_id;
END;

UPDATE meta SET value = '26' WHERE name = 'schema_version';
