-- Backup methods are compared without ASCII case: the same backup is `gdrive` in an app that uses React Native's SDK,
-- and `GDRIVE` in Portal's webhook. They are given back as they came.
--
-- So each table has the method twice: statements compare `method` and give back `backup_method`.

-- Where a database has both spellings already, the newest share stays current; the others go to the history, as replaced.
CREATE TABLE older_spellings AS
SELECT 'custodian' AS kind, s.id, s.user_id, s.backup_method FROM custodian_backup_shares s WHERE EXISTS (SELECT 1 FROM custodian_backup_shares n
  WHERE n.user_id = s.user_id AND n.backup_method = s.backup_method COLLATE NOCASE
  AND (n.updated_at, n.rowid) > (s.updated_at, s.rowid))
UNION ALL
SELECT 'user' AS kind, s.id, s.user_id, s.backup_method FROM user_backup_shares s WHERE EXISTS (SELECT 1 FROM user_backup_shares n
  WHERE n.user_id = s.user_id AND n.backup_method = s.backup_method COLLATE NOCASE
  AND (n.updated_at, n.rowid) > (s.updated_at, s.rowid));
DELETE FROM custodian_backup_shares
WHERE ('custodian', id, user_id, backup_method) IN (SELECT kind, id, user_id, backup_method FROM older_spellings);
DELETE FROM user_backup_shares
WHERE ('user', id, user_id, backup_method) IN (SELECT kind, id, user_id, backup_method FROM older_spellings);
UPDATE backup_share_versions SET reason = 'replaced'
WHERE (kind, id, user_id, backup_method) IN (SELECT kind, id, user_id, backup_method FROM older_spellings);
DROP TABLE older_spellings;

ALTER TABLE custodian_backup_shares ADD COLUMN method TEXT COLLATE NOCASE GENERATED ALWAYS AS (backup_method) VIRTUAL;
ALTER TABLE user_backup_shares ADD COLUMN method TEXT COLLATE NOCASE GENERATED ALWAYS AS (backup_method) VIRTUAL;
ALTER TABLE backup_share_versions ADD COLUMN method TEXT COLLATE NOCASE GENERATED ALWAYS AS (backup_method) VIRTUAL;

-- A digest is of the method in upper case (src/domain/sealing.rs). One of another spelling is as good as none.
UPDATE custodian_backup_shares SET share_digest = NULL WHERE backup_method GLOB '*[a-z]*';
UPDATE user_backup_shares SET share_digest = NULL WHERE backup_method GLOB '*[a-z]*';
UPDATE backup_share_versions SET share_digest = NULL WHERE backup_method GLOB '*[a-z]*';

CREATE UNIQUE INDEX custodian_backup_shares_by_method ON custodian_backup_shares (user_id, method);
CREATE UNIQUE INDEX user_backup_shares_by_method ON user_backup_shares (user_id, method);
DROP INDEX backup_share_versions_by_method;
CREATE INDEX backup_share_versions_by_method ON backup_share_versions (user_id, kind, method, stored_at);

-- As in 0007, by `method`.
DROP TRIGGER custodian_backup_shares_methods;
CREATE TRIGGER custodian_backup_shares_methods AFTER INSERT ON custodian_backup_shares
WHEN (SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'custodian'
    AND method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

DROP TRIGGER user_backup_shares_methods;
CREATE TRIGGER user_backup_shares_methods AFTER INSERT ON user_backup_shares
WHEN (SELECT count(*) FROM user_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'user'
    AND method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

-- A share is retrieved once a window, whatever the case of its method. The table holds what is younger than an hour.
CREATE TABLE eject_retrievals_by_method (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  window_id TEXT NOT NULL,
  backup_method TEXT NOT NULL COLLATE NOCASE,
  -- The audit event of the one request that got the share: its own retry, and nothing else, gets it again.
  audit_event_id TEXT NOT NULL,
  retrieved_at TEXT NOT NULL,
  PRIMARY KEY (user_id, window_id, backup_method)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO eject_retrievals_by_method SELECT * FROM eject_retrievals;
DROP TABLE eject_retrievals;
ALTER TABLE eject_retrievals_by_method RENAME TO eject_retrievals;

UPDATE meta SET value = '9' WHERE name = 'schema_version';
