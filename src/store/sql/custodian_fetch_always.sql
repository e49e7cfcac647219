-- custodian_fetch_always(?1 client id)
SELECT 1 AS part, c.backup_method, c.backup_share_pair_id, c.updated_at AS stored_at, c.key_id, c.sealed_share
FROM custodian_backup_shares c
WHERE c.user_id = (SELECT id FROM users WHERE client_id = ?1)
UNION ALL SELECT 2, s.backup_method, s.backup_share_pair_id, s.updated_at, NULL, NULL
FROM user_backup_shares s
WHERE s.user_id = (SELECT id FROM users WHERE client_id = ?1)
UNION ALL SELECT *
FROM (
  SELECT 3, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share
  FROM backup_share_versions v
  WHERE v.user_id = (SELECT id FROM users WHERE client_id = ?1) AND v.kind = 'custodian' AND v.client_id = ?1
  ORDER BY v.superseded_at DESC
  LIMIT 500)
UNION SELECT 3, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share
FROM backup_share_versions v
-- The current user shares' possible mates in the history. A user may have very many versions there, so those that may
-- be mates are sought by an index: by the pair; and, under each method of the history, the newest one when the user
-- share was stored. `methods` is found by leaping from one to the next.
WHERE v.rowid IN (
    WITH RECURSIVE u (id) AS (SELECT id FROM users WHERE client_id = ?1),
      methods(method) AS(
        SELECT min(n.method)
        FROM u
        JOIN backup_share_versions n ON n.user_id = u.id AND n.kind = 'custodian'
        UNION ALL SELECT (
          SELECT min(n.method)
          FROM u
          JOIN backup_share_versions n ON n.user_id = u.id AND n.kind = 'custodian' AND n.method > m.method)
        FROM methods m
        WHERE m.method IS NOT NULL)
    SELECT n.rowid
    FROM u
    JOIN user_backup_shares s ON s.user_id = u.id
    JOIN backup_share_versions n ON n.user_id = u.id
      AND n.kind = 'custodian'
      AND n.backup_share_pair_id = s.backup_share_pair_id
    UNION SELECT n.rowid
    FROM u
    CROSS JOIN methods m
    CROSS JOIN user_backup_shares s ON s.user_id = u.id
      AND (
          m.method COLLATE NOCASE = s.method
            OR substr(m.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
            OR s.method = 'UNKNOWN')
    CROSS JOIN backup_share_versions n ON n.user_id = u.id
      AND n.kind = 'custodian'
      AND n.method = m.method
      AND n.stored_at = (
          SELECT max(o.stored_at)
          FROM backup_share_versions o
          WHERE o.user_id = u.id
            AND o.kind = 'custodian'
            AND o.method = m.method
            AND o.client_id = ?1
            AND o.stored_at <= s.updated_at))
  AND v.client_id = ?1
  -- It is of the same pair, or was the newest of its method when the user share was stored.
  AND EXISTS (
      SELECT 1
      FROM user_backup_shares s
      WHERE s.user_id = v.user_id
        AND (
            v.method COLLATE NOCASE = s.method
              OR substr(v.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
              OR s.method = 'UNKNOWN')
        AND (
            v.backup_share_pair_id = s.backup_share_pair_id
              OR (
                  v.stored_at = (
                      SELECT max(n.stored_at)
                      FROM backup_share_versions n
                      WHERE n.user_id = v.user_id
                        AND n.kind = 'custodian'
                        AND n.method = v.method
                        AND n.client_id = v.client_id
                        AND n.stored_at <= s.updated_at)
                    AND NOT EXISTS (
                        SELECT 1
                        FROM custodian_backup_shares c
                        WHERE c.user_id = v.user_id
                          AND c.method = v.method
                          AND c.updated_at BETWEEN v.stored_at AND s.updated_at))))
