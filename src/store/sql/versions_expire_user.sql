-- versions_expire_user(?1 first row, ?2 last row, ?3 days of retention)
-- A custodian share that is there, current or kept, may need the first cipher text that was stored after it, or the first of its pair. The
-- first only: whoever has an app's credential can store any number after it, and what is spared must have an end.
DELETE FROM backup_share_versions AS v
WHERE v.rowid BETWEEN ?1 AND ?2
  AND v.kind = 'user'
  AND max(v.superseded_at, coalesce(v.imported_at, '')) < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' days')
  -- The first after a share: one came since the cipher text before it.
  AND NOT EXISTS (
      WITH RECURSIVE before (at) AS (
          SELECT max(
              coalesce(
                  (
                      SELECT max(n.stored_at)
                      FROM backup_share_versions n
                      WHERE n.user_id = v.user_id
                        AND n.kind = 'user'
                        AND n.method = v.method
                        AND n.client_id = v.client_id
                        AND n.stored_at < v.stored_at),
                  ''),
              coalesce(
                  (
                      SELECT s.updated_at
                      FROM users u
                      JOIN user_backup_shares s ON s.user_id = u.id
                      WHERE u.id = v.user_id
                        AND u.client_id = v.client_id
                        AND s.method = v.method
                        AND s.updated_at < v.stored_at),
                  ''))),
        methods (method) AS (
          SELECT min(n.method)
          FROM backup_share_versions n
          WHERE n.user_id = v.user_id AND n.kind = 'custodian'
          UNION ALL SELECT (
            SELECT min(n.method)
            FROM backup_share_versions n
            WHERE n.user_id = v.user_id AND n.kind = 'custodian' AND n.method > m.method)
          FROM methods m
          WHERE m.method IS NOT NULL)
      SELECT 1
      FROM before b
      CROSS JOIN users u ON u.id = v.user_id AND u.client_id = v.client_id
      CROSS JOIN custodian_backup_shares c ON c.user_id = u.id
        AND c.updated_at > b.at
        AND c.updated_at <= v.stored_at
        AND (
            c.method = v.method
              OR substr(c.method, 1, length(v.method) + 1) = v.method || '-' COLLATE NOCASE
              OR v.method = 'UNKNOWN')
      UNION ALL SELECT 1
      FROM before b
      CROSS JOIN methods m
      CROSS JOIN backup_share_versions c ON c.user_id = v.user_id
        AND c.kind = 'custodian'
        AND c.method = m.method
        AND c.stored_at > b.at
        AND c.stored_at <= v.stored_at
      WHERE c.client_id = v.client_id
        AND (
            m.method COLLATE NOCASE = v.method
              OR substr(m.method, 1, length(v.method) + 1) = v.method || '-' COLLATE NOCASE
              OR v.method = 'UNKNOWN'))
  -- The first of a pair.
  AND NOT (
      v.backup_share_pair_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM backup_share_versions n
            WHERE n.user_id = v.user_id
              AND n.kind = 'user'
              AND n.backup_share_pair_id = v.backup_share_pair_id
              AND n.client_id = v.client_id
              AND n.stored_at < v.stored_at)
        AND NOT EXISTS (
            SELECT 1
            FROM users u
            JOIN user_backup_shares s ON s.user_id = u.id
            WHERE u.id = v.user_id
              AND u.client_id = v.client_id
              AND s.backup_share_pair_id = v.backup_share_pair_id
              AND s.updated_at < v.stored_at)
        AND (
            EXISTS (
                SELECT 1
                FROM backup_share_versions c
                WHERE c.user_id = v.user_id
                  AND c.kind = 'custodian'
                  AND c.backup_share_pair_id = v.backup_share_pair_id
                  AND c.client_id = v.client_id)
              OR EXISTS (
                  SELECT 1
                  FROM users u
                  JOIN custodian_backup_shares c ON c.user_id = u.id
                  WHERE u.id = v.user_id
                    AND u.client_id = v.client_id
                    AND c.backup_share_pair_id = v.backup_share_pair_id)))
RETURNING id
