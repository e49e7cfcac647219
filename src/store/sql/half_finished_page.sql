-- half_finished_page(?1, ?2, ?3)
-- The half-finished backups whose user shares are in the rows behind ?1 up to ?2; ?3 at most. Each is so since the first custodian
-- share came that its cipher text does not belong to.
SELECT s.rowid AS row, s.user_id, u.client_id, s.backup_method, min(max(c.updated_at, s.updated_at)) AS since
FROM user_backup_shares s JOIN users u ON u.id = s.user_id JOIN custodian_backup_shares c ON c.user_id = s.user_id
WHERE s.rowid > ?1 AND s.rowid <= ?2
  AND (
      c.method IN (s.method, s.method || '-SECP256K1', s.method || '-ED25519')
        OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
          AND c.method NOT LIKE '%-SECP256K1'
          AND c.method NOT LIKE '%-ED25519')
  AND (c.updated_at > s.updated_at
    OR c.backup_share_pair_id <> s.backup_share_pair_id AND NOT EXISTS (
      SELECT 1 FROM custodian_backup_shares p
      WHERE p.user_id = s.user_id AND p.backup_share_pair_id = s.backup_share_pair_id
        AND (
            p.method IN (s.method, s.method || '-SECP256K1', s.method || '-ED25519')
              OR substr(p.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                AND p.method NOT LIKE '%-SECP256K1'
                AND p.method NOT LIKE '%-ED25519')))
GROUP BY s.rowid ORDER BY s.rowid LIMIT ?3
