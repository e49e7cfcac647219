-- custodian_fetch(?1 client id)
-- Part 1: the current custodian shares. Part 2: the user shares, without the share.
SELECT 1 AS part, c.backup_method, c.backup_share_pair_id, c.updated_at AS stored_at, c.key_id, c.sealed_share
FROM custodian_backup_shares c
WHERE c.user_id = (SELECT id FROM users WHERE client_id = ?1)
UNION ALL SELECT 2, s.backup_method, s.backup_share_pair_id, s.updated_at, NULL, NULL
FROM user_backup_shares s
WHERE s.user_id = (SELECT id FROM users WHERE client_id = ?1)
