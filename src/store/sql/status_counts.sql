-- status_counts(?1 first row, ?2 up to so many user shares are counted)
SELECT *,
  iif(
    too_many, 0,
      (
        SELECT count(*) AS n
        FROM user_backup_shares s
        WHERE s.rowid BETWEEN ?1 AND ?2
          AND EXISTS (
              SELECT 1
              FROM custodian_backup_shares c
              WHERE c.user_id = s.user_id
                AND (
                    c.method IN (s.method, s.method || '-SECP256K1', s.method || '-ED25519')
                      OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                        AND c.method NOT LIKE '%-SECP256K1'
                        AND c.method NOT LIKE '%-ED25519')
                AND (
                    c.updated_at > s.updated_at
                      OR c.backup_share_pair_id <> s.backup_share_pair_id
                        AND NOT EXISTS (
                            SELECT 1
                            FROM custodian_backup_shares p
                            WHERE p.user_id = s.user_id
                              AND p.backup_share_pair_id = s.backup_share_pair_id
                              AND (
                                  p.method IN (s.method, s.method || '-SECP256K1', s.method || '-ED25519')
                                    OR substr(p.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                                      AND p.method NOT LIKE '%-SECP256K1'
                                      AND p.method NOT LIKE '%-ED25519')))))) AS half_finished
FROM (
  SELECT (SELECT count(*) FROM custodian_backup_shares) + (SELECT count(*) FROM user_backup_shares) AS shares,
    (SELECT count(*) FROM users) AS users, (SELECT coalesce(max(rowid), 0) FROM user_backup_shares) > ?2 AS too_many)
