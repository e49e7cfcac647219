-- One user must not be able to fill the database for all: what is replaced is kept, so each store takes space.
--
-- The users who may store nothing more for now: whose shares, with those that were replaced or deleted within a day, take
-- over 128 MiB. A share counts 32 KiB at least, so that many small ones (4,096) are too many as well.
-- octet_length reads no more than the row's header; the sum is of one user's rows, where a statement asks for one user.
CREATE VIEW users_over_quota AS
SELECT u.id FROM users u WHERE 134217728 < (
  SELECT sum(max(bytes, 32768)) FROM (
    SELECT octet_length(sealed_share) AS bytes FROM custodian_backup_shares WHERE user_id = u.id
    UNION ALL
    SELECT octet_length(sealed_share) FROM user_backup_shares WHERE user_id = u.id
    UNION ALL
    SELECT octet_length(sealed_share) FROM backup_share_versions WHERE user_id = u.id
      AND kind IN ('custodian', 'user') AND superseded_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')
  )
);

UPDATE meta SET value = '6' WHERE name = 'schema_version';
