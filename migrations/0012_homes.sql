-- A database can be one of many (docs/scale.md). Then it knows which one it is, so that a binding that leads to another
-- database is noticed before anything is read or written there. A single database stays home 0.
INSERT INTO meta (name, value) VALUES ('home', '0');
INSERT INTO meta (name, value) SELECT 'identity', lower(
  substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21, 12))
FROM (SELECT hex(randomblob(16)) AS h);

-- Users that are being moved between this home and another, and those that have moved away. Empty otherwise.
--   leaving   this home is the source, and the authority. Until the time `until` nothing of the user changes here.
--   moved     this home was the source: the home `home` is the authority.
--   arriving  this home is the target: its rows are not valid before the home `home` has given the user up.
--   landing   as arriving, within a transaction that writes the rows.
CREATE TABLE moves (
  kind TEXT NOT NULL CHECK (kind IN ('user', 'client')),
  value TEXT NOT NULL,
  move TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('leaving', 'moved', 'arriving', 'landing')),
  home INTEGER NOT NULL,
  -- Of a lease its end; else when the state began.
  until TEXT NOT NULL,
  -- arriving: whether the home has remains of the user of its own, so that an interrupted move cannot be swept away.
  joins INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

-- Whatever is done for a user leaves an audit event in its transaction. So this stops every transaction about a user
-- whose authority is another home, and every change of one that is being copied; reads go on meanwhile.
-- What waits for a second operator is not done yet, and is kept in home 0, whoever it is about.
CREATE TRIGGER audit_events_of_moves BEFORE INSERT ON audit_events
WHEN NEW.outcome NOT IN ('waiting', 'refused') AND EXISTS (SELECT 1 FROM moves)
BEGIN
  SELECT RAISE(ABORT, 'the user has moved') FROM moves
  WHERE (kind, value) IN (VALUES ('user', NEW.user_id), ('client', NEW.client_id)) AND state IN ('moved', 'arriving');
  SELECT RAISE(ABORT, 'the user is moving') FROM moves
  WHERE (kind, value) IN (VALUES ('user', NEW.user_id), ('client', NEW.client_id)) AND state = 'leaving'
    AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    AND NEW.action NOT IN ('fetch_custodian_shares', 'fetch_user_share', 'authenticate', 'find_client', 'list_backups',
      'create_session', 'move_user');
END;

-- A database may have a later one already.
UPDATE meta SET value = '12' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 12;
