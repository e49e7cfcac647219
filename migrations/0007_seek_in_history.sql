-- A user may have very many versions in the history: what a request asks of it is found without reading the others.

-- The newest of a pair.
DROP INDEX backup_share_versions_by_pair;
CREATE INDEX backup_share_versions_by_pair ON backup_share_versions (user_id, kind, backup_share_pair_id, superseded_at)
WHERE backup_share_pair_id IS NOT NULL;

-- As in 0002, but never superseded before it was stored, even if the clock went back meanwhile: so the latest time of all is
-- found at the end of `backup_share_versions_by_user`. The shares of a deleted user keep the very time of the deletion, which is
-- later than all of them and than the deletions before. Each new trigger is there before the old one goes.
CREATE TRIGGER custodian_backup_shares_superseded AFTER UPDATE ON custodian_backup_shares WHEN OLD.id <> NEW.id
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'custodian', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    max(OLD.updated_at, NEW.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), 'replaced', OLD.sealed_share);
END;
DROP TRIGGER custodian_backup_shares_replaced;

CREATE TRIGGER custodian_backup_shares_removed AFTER DELETE ON custodian_backup_shares
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'custodian', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    max(OLD.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
      coalesce((SELECT max(deleted_at) FROM deleted_users WHERE id = OLD.user_id), '')), 'deleted', OLD.sealed_share);
END;
DROP TRIGGER custodian_backup_shares_deleted;

CREATE TRIGGER user_backup_shares_superseded AFTER UPDATE ON user_backup_shares WHEN OLD.id <> NEW.id
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'user', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    max(OLD.updated_at, NEW.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), 'replaced', OLD.sealed_share);
END;
DROP TRIGGER user_backup_shares_replaced;

CREATE TRIGGER user_backup_shares_removed AFTER DELETE ON user_backup_shares
BEGIN
  INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id,
    share_digest, created_at, stored_at, superseded_at, reason, sealed_share)
  VALUES (OLD.id, OLD.user_id, (SELECT client_id FROM users WHERE id = OLD.user_id), 'user', OLD.backup_method,
    OLD.backup_share_pair_id, OLD.key_id, OLD.share_digest, OLD.created_at, OLD.updated_at,
    max(OLD.updated_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
      coalesce((SELECT max(deleted_at) FROM deleted_users WHERE id = OLD.user_id), '')), 'deleted', OLD.sealed_share);
END;
DROP TRIGGER user_backup_shares_deleted;

CREATE TRIGGER users_removed BEFORE DELETE ON users
BEGIN
  INSERT INTO deleted_users (id, client_id, client_api_key_hash, created_at, deleted_at)
  VALUES (OLD.id, OLD.client_id, OLD.client_api_key_hash, OLD.created_at, max(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    coalesce((SELECT max(updated_at) FROM custodian_backup_shares WHERE user_id = OLD.id), ''),
    coalesce((SELECT max(updated_at) FROM user_backup_shares WHERE user_id = OLD.id), ''),
    coalesce((SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(deleted_at), '+0.001 seconds') FROM deleted_users WHERE id = OLD.id), '')));
  DELETE FROM custodian_backup_shares WHERE user_id = OLD.id;
  DELETE FROM user_backup_shares WHERE user_id = OLD.id;
END;
DROP TRIGGER users_deleted;
UPDATE backup_share_versions SET superseded_at = stored_at WHERE reason = 'replaced' AND superseded_at < stored_at;

-- As in 0006, but what is being restored is sought by its method and time.
DROP TRIGGER custodian_backup_shares_methods;
CREATE TRIGGER custodian_backup_shares_methods AFTER INSERT ON custodian_backup_shares
WHEN (SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'custodian'
    AND backup_method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

DROP TRIGGER user_backup_shares_methods;
CREATE TRIGGER user_backup_shares_methods AFTER INSERT ON user_backup_shares
WHEN (SELECT count(*) FROM user_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'user'
    AND backup_method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

-- When a share counts as stored that is stored now: later than every share of the user, kept ones too (an operator may restore
-- them), even if the clock went back. Which of two came first decides what a recovery needs.
CREATE VIEW store_times AS
SELECT id AS user_id, max(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', max(
  coalesce((SELECT max(updated_at) FROM custodian_backup_shares WHERE user_id = users.id), ''),
  coalesce((SELECT max(updated_at) FROM user_backup_shares WHERE user_id = users.id), ''),
  coalesce((SELECT max(superseded_at) FROM backup_share_versions WHERE user_id = users.id AND kind = 'custodian'), ''),
  coalesce((SELECT max(superseded_at) FROM backup_share_versions WHERE user_id = users.id AND kind = 'user'), '')
), '+0.001 seconds'), '')) AS at FROM users;

UPDATE meta SET value = '7' WHERE name = 'schema_version';
