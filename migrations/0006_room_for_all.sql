-- One user must not be able to fill the database for all, nor to keep it busy: what is replaced is kept, so each store takes
-- space.

-- The users who may replace nothing more for now: whose shares that were replaced within a day take over 64 MiB. A share counts
-- 16 KiB at least, so that many small ones (4,096) are too many as well. Deleted ones do not count: apps delete nothing.
-- octet_length reads no more than the row's header; the sum is of one user's rows, where a statement asks for one user.
CREATE VIEW users_over_quota AS
SELECT u.id FROM users u WHERE 67108864 < (
  SELECT sum(max(octet_length(sealed_share), 16384)) FROM backup_share_versions
  WHERE user_id = u.id AND client_id = u.client_id AND reason = 'replaced' AND kind IN ('custodian', 'user')
    AND superseded_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')
);

-- Nor may one have methods without end. Only a new one can be too many: those that are there can be backed up again. What is
-- being restored (it is in the history still) passes.
CREATE TRIGGER custodian_backup_shares_methods AFTER INSERT ON custodian_backup_shares
WHEN (SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

CREATE TRIGGER user_backup_shares_methods AFTER INSERT ON user_backup_shares
WHEN (SELECT count(*) FROM user_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

-- A cipher text is asked for by its pair, which may be a version's.
CREATE INDEX backup_share_versions_by_pair ON backup_share_versions (user_id, backup_share_pair_id)
WHERE backup_share_pair_id IS NOT NULL;

UPDATE meta SET value = '6' WHERE name = 'schema_version';
