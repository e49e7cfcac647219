-- half_finished_count(?1 first row, ?2 last row, ?3 none are counted where a row lies behind this one, or NULL)
-- A cipher text is half-finished where a custodian share of its backup came after it; or is of another pair, and none is of its own.
-- A share whose name ends with a known curve is of the method before that alone (`BackupMethod::counts_for`). `half_finished_page` names
-- them.
SELECT count(*) AS n
FROM user_backup_shares s
WHERE s.rowid BETWEEN ?1 AND iif((SELECT max(rowid) FROM user_backup_shares) > ?3, 0, ?2)
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
                              AND p.method NOT LIKE '%-ED25519'))))
