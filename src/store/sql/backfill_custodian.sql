-- backfill_custodian(?1, ?2): Notes for the current shares ?1 < row number <= ?2, which were there before copying began.
INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), user_id, 'share', 'custodian', backup_method, id, json_object('storedAt', updated_at)
FROM custodian_backup_shares WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid
