-- backfill_versions(?1, ?2): Notes for the versions ?1 < row number <= ?2, which were there before copying began.
INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), user_id, 'version', kind, backup_method, id, json_object('storedAt', stored_at)
FROM backup_share_versions WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid
