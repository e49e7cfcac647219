-- Nothing is overwritten or deleted without being kept: triggers move every displaced share into
-- backup_share_versions, inside the same transaction and whoever writes (an operator's own SQL too).

-- HMAC of the share under a key derived from the sealing key: the same share stored again is not a new version.
ALTER TABLE custodian_backup_shares ADD COLUMN share_digest TEXT;
ALTER TABLE user_backup_shares ADD COLUMN share_digest TEXT;

CREATE TABLE backup_share_versions (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  -- What a custodian share is sealed for; also keeps the history of a deleted user apart from that of a new one.
  client_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('user', 'custodian')),
  backup_method TEXT NOT NULL,
  backup_share_pair_id TEXT,
  key_id TEXT NOT NULL,
  share_digest TEXT,
  -- created_at of the row that the version was taken from.
  created_at TEXT NOT NULL,
  stored_at TEXT NOT NULL,
  superseded_at TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('replaced', 'deleted')),
  sealed_share TEXT NOT NULL
) STRICT;

CREATE INDEX backup_share_versions_by_user ON backup_share_versions (user_id, kind, superseded_at);
-- Leads to the version of a method that was the newest at a given time.
CREATE INDEX backup_share_versions_by_method ON backup_share_versions (user_id, kind, backup_method, stored_at);

-- Which shares still need an old key must be known exactly: a key removed too early bricks them.
CREATE INDEX custodian_backup_shares_by_key ON custodian_backup_shares (key_id);
CREATE INDEX user_backup_shares_by_key ON user_backup_shares (key_id);
CREATE INDEX backup_share_versions_by_key ON backup_share_versions (key_id);

CREATE TABLE deleted_users (
  id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_api_key_hash TEXT,
  created_at TEXT NOT NULL,
  deleted_at TEXT NOT NULL,
  PRIMARY KEY (id, deleted_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX deleted_users_by_time ON deleted_users (deleted_at);

-- A version changes its id exactly when another share takes its place; a rewrap under a new key does not.
-- The client id has no fallback: were it unknown, NOT NULL stops the whole transaction rather than lose the share.
CREATE TRIGGER custodian_backup_shares_replaced AFTER UPDATE ON custodian_backup_shares WHEN OLD.id <> NEW.id
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'custodian', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    max(NEW.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), 'replaced', OLD.sealed_share);
END;

CREATE TRIGGER user_backup_shares_replaced AFTER UPDATE ON user_backup_shares WHEN OLD.id <> NEW.id
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'user', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    max(NEW.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), 'replaced', OLD.sealed_share);
END;

CREATE TRIGGER custodian_backup_shares_deleted AFTER DELETE ON custodian_backup_shares
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'custodian', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'deleted', OLD.sealed_share);
END;

CREATE TRIGGER user_backup_shares_deleted AFTER DELETE ON user_backup_shares
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'user', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'deleted', OLD.sealed_share);
END;

-- The user's shares go first, while the user's row is still there for the triggers above.
CREATE TRIGGER users_deleted BEFORE DELETE ON users
BEGIN
  INSERT INTO deleted_users (id, client_id, client_api_key_hash, created_at, deleted_at)
  VALUES (OLD.id, OLD.client_id, OLD.client_api_key_hash, OLD.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  DELETE FROM custodian_backup_shares WHERE user_id = OLD.id;
  DELETE FROM user_backup_shares WHERE user_id = OLD.id;
END;

-- The client id is part of what a custodian share is sealed for: it never changes.
CREATE TRIGGER users_client_id_fixed BEFORE UPDATE OF id, client_id ON users
WHEN OLD.id <> NEW.id OR OLD.client_id <> NEW.client_id
BEGIN
  SELECT RAISE(ABORT, 'the id and client_id of a user never change');
END;

-- `id` is a UUID v7: it sorts by time, so the primary key also serves listing and purging by time.
-- No foreign key: the trail outlives the user.
CREATE TABLE audit_events (
  id TEXT NOT NULL PRIMARY KEY,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  user_id TEXT,
  client_id TEXT,
  backup_method TEXT,
  outcome TEXT NOT NULL,
  request_id TEXT,
  source_address TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_events_by_user ON audit_events (user_id, id) WHERE user_id IS NOT NULL;

UPDATE meta SET value = '2' WHERE name = 'schema_version';
