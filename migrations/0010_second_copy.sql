-- Notes for the second copy: each change of a user, a share or a version leaves one, in the transaction that makes the change
-- and whoever makes it (an operator's own SQL too). The Worker makes an object of R2 of each note, and deletes the note.
-- Without the row 'copying' in meta, which the Worker writes where COPY is bound, the triggers write nothing. The row 'rebuilding' silences them:
-- a rebuild writes it at the beginning of each of its transactions, and deletes it at the end.
--
-- A note holds no share: the Worker reads that from the current row, else from the history.

CREATE TABLE changes (
  -- A number never comes again, not even after its note is gone: the objects' names hold it.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  user_id TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('share', 'removed', 'user', 'deleted', 'version', 'purged')),
  kind TEXT,
  backup_method TEXT,
  version_id TEXT,
  -- JSON. Of a share: when it was stored, and which version it displaced when. Of a user: the user.
  record TEXT
) STRICT;

CREATE VIEW copying AS SELECT 1 AS yes FROM meta WHERE name = 'copying' AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'rebuilding');

-- Shares. The time at which a displaced version counts as superseded is that of the triggers in 0007: within a statement 'now'
-- does not change.
CREATE TRIGGER custodian_backup_shares_stored_noted AFTER INSERT ON custodian_backup_shares WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.user_id, 'share', 'custodian', NEW.backup_method, NEW.id,
    json_object('storedAt', NEW.updated_at));
END;

CREATE TRIGGER custodian_backup_shares_changed_noted AFTER UPDATE ON custodian_backup_shares WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.user_id, 'share', 'custodian', NEW.backup_method, NEW.id,
    iif(OLD.id = NEW.id, json_object('storedAt', NEW.updated_at), json_object('storedAt', NEW.updated_at, 'displaced', OLD.id,
      'displacedAt', max(OLD.updated_at, NEW.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))));
END;

CREATE TRIGGER custodian_backup_shares_removed_noted AFTER DELETE ON custodian_backup_shares WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.user_id, 'removed', 'custodian', OLD.backup_method, OLD.id,
    json_object('supersededAt', max(OLD.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
      coalesce((SELECT max(deleted_at) FROM deleted_users WHERE id = OLD.user_id), ''))));
END;

CREATE TRIGGER user_backup_shares_stored_noted AFTER INSERT ON user_backup_shares WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.user_id, 'share', 'user', NEW.backup_method, NEW.id,
    json_object('storedAt', NEW.updated_at));
END;

CREATE TRIGGER user_backup_shares_changed_noted AFTER UPDATE ON user_backup_shares WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.user_id, 'share', 'user', NEW.backup_method, NEW.id,
    iif(OLD.id = NEW.id, json_object('storedAt', NEW.updated_at), json_object('storedAt', NEW.updated_at, 'displaced', OLD.id,
      'displacedAt', max(OLD.updated_at, NEW.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))));
END;

CREATE TRIGGER user_backup_shares_removed_noted AFTER DELETE ON user_backup_shares WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.user_id, 'removed', 'user', OLD.backup_method, OLD.id,
    json_object('supersededAt', max(OLD.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
      coalesce((SELECT max(deleted_at) FROM deleted_users WHERE id = OLD.user_id), ''))));
END;

-- The history. What a share's note tells of it is not told again: a version that comes in by an import, one that is sealed under another key or
-- given to another user, and one that goes (its note has no time).
CREATE TRIGGER backup_share_versions_imported_noted AFTER INSERT ON backup_share_versions
WHEN NEW.imported_at IS NOT NULL AND EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.user_id, 'version', NEW.kind, NEW.backup_method, NEW.id,
    json_object('storedAt', NEW.stored_at));
END;

CREATE TRIGGER backup_share_versions_changed_noted AFTER UPDATE ON backup_share_versions WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.user_id, 'removed', OLD.kind, OLD.backup_method, OLD.id
  WHERE OLD.user_id <> NEW.user_id OR OLD.id <> NEW.id;
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.user_id, 'version', NEW.kind, NEW.backup_method, NEW.id,
    json_object('storedAt', NEW.stored_at));
END;

CREATE TRIGGER backup_share_versions_gone_noted AFTER DELETE ON backup_share_versions WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, kind, backup_method, version_id)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.user_id, 'removed', OLD.kind, OLD.backup_method, OLD.id);
END;

-- Users, and the deleted ones that can be restored. A user's deletion is the row that it leaves in deleted_users.
CREATE TRIGGER users_registered_noted AFTER INSERT ON users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, 'user', json_object('id', NEW.id, 'clientId', NEW.client_id,
    'clientApiKeyHash', NEW.client_api_key_hash, 'createdAt', NEW.created_at));
END;

CREATE TRIGGER users_changed_noted AFTER UPDATE ON users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, 'user', json_object('id', NEW.id, 'clientId', NEW.client_id,
    'clientApiKeyHash', NEW.client_api_key_hash, 'createdAt', NEW.created_at));
END;

CREATE TRIGGER deleted_users_kept_noted AFTER INSERT ON deleted_users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, 'deleted', json_object('id', NEW.id, 'clientId', NEW.client_id,
    'clientApiKeyHash', NEW.client_api_key_hash, 'createdAt', NEW.created_at, 'deletedAt', NEW.deleted_at));
END;

CREATE TRIGGER deleted_users_gone_noted AFTER DELETE ON deleted_users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.id, 'removed', json_object('deletedAt', OLD.deleted_at));
END;

UPDATE meta SET value = '10' WHERE name = 'schema_version';
