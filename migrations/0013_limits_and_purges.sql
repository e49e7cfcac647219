-- Limits that cannot cut a backup in half, and purges that wait.

-- When an operator last released the user from its quota.
ALTER TABLE users ADD COLUMN quota_released_at TEXT;

-- As in 0006, for each kind of share by itself: what apps store cannot shut Portal's webhook out. Only a day counts, at both
-- ends: an imported version may have any time.
DROP VIEW users_over_quota;
CREATE VIEW users_over_quota AS
SELECT u.id, k.kind FROM users u CROSS JOIN (SELECT 'user' AS kind UNION ALL SELECT 'custodian') k WHERE 67108864 < (
  SELECT sum(max(octet_length(sealed_share), 16384)) FROM backup_share_versions
  WHERE user_id = u.id AND client_id = u.client_id AND reason = 'replaced' AND kind = k.kind
    AND superseded_at > max(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day'), coalesce(u.quota_released_at, ''))
    AND superseded_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 day')
);

-- 256 methods, as in 0009. But the other half of a backup is always taken: a cipher text whose custodian share is there, and a
-- custodian share of another curve. An app alone makes no custodian share, so it cannot use up its owner's methods; and Portal's
-- methods have an end of their own.
DROP TRIGGER custodian_backup_shares_methods;
CREATE TRIGGER custodian_backup_shares_methods AFTER INSERT ON custodian_backup_shares
WHEN (SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'custodian'
    AND method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
  AND ((SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 1024
    OR NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = NEW.user_id AND c.rowid <> NEW.rowid
      AND rtrim(c.method, replace(c.method, '-', '')) = rtrim(NEW.backup_method, replace(NEW.backup_method, '-', '')) COLLATE NOCASE
      AND instr(NEW.backup_method, '-') > 0))
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

DROP TRIGGER user_backup_shares_methods;
CREATE TRIGGER user_backup_shares_methods AFTER INSERT ON user_backup_shares
WHEN (SELECT count(*) FROM user_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'user'
    AND method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
  AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = NEW.user_id
    AND (c.method = NEW.backup_method
      OR substr(c.method, 1, length(NEW.backup_method) + 1) = NEW.backup_method || '-' COLLATE NOCASE))
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

-- Purges that an operator asked for, to be carried out by the schedule. Whoever brings the user back cancels it.
CREATE TABLE purges (
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  requested_at TEXT NOT NULL,
  purge_at TEXT NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX purges_by_time ON purges (purge_at);

CREATE TRIGGER users_purge_cancelled AFTER INSERT ON users
BEGIN
  DELETE FROM purges WHERE user_id = NEW.id AND client_id = NEW.client_id;
END;

-- How many users webhooks made (UNKNOWN_CLIENTS = "register"), by day in UTC.
CREATE TABLE webhook_registrations (
  day TEXT NOT NULL PRIMARY KEY,
  users INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

UPDATE meta SET value = '13' WHERE name = 'schema_version';
