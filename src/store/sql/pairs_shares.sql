-- pairs_shares(?1, ?2, ?3)
-- The custodian shares of the client ?2 of the user ?1: the current ones and the newest 2,000 of the history; of those that know no
-- pair, the sealed texts up to ?3 characters in all.
SELECT backup_method, stored_at, is_current, pair_id, key_id, iif(pair_id IS NULL AND characters <= ?3, sealed_share, NULL) AS sealed_share
FROM (SELECT *, sum(iif(pair_id IS NULL, length(sealed_share), 0)) OVER (ORDER BY is_current DESC, stored_at DESC
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS characters
  FROM (
    SELECT c.backup_method, c.updated_at AS stored_at, 1 AS is_current, c.backup_share_pair_id AS pair_id, c.key_id, c.sealed_share
    FROM users u JOIN custodian_backup_shares c ON c.user_id = u.id WHERE u.id = ?1 AND u.client_id = ?2
    UNION ALL SELECT * FROM (
      SELECT v.backup_method, v.stored_at, 0, v.backup_share_pair_id, v.key_id, v.sealed_share
      FROM backup_share_versions v WHERE v.user_id = ?1 AND v.kind = 'custodian' AND v.client_id = ?2
      ORDER BY v.superseded_at DESC LIMIT 2000)))
