-- versions_expire_custodian(?1 first row, ?2 last row, ?3 days of retention)
DELETE FROM backup_share_versions AS v
WHERE v.rowid BETWEEN ?1 AND ?2
  AND v.kind = 'custodian'
  AND max(v.superseded_at, coalesce(v.imported_at, '')) < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' days')
  -- A cipher text in use may need it: of its pair; or it is one of the twenty newest that were there when the cipher text came, and
  -- no other cipher text came between it and the newest of them, or and the share of the pair. Times alone do not tell which of those it
  -- needs: an attempt may have broken off, and its share may have come late.
  AND NOT EXISTS (
      SELECT 1
      FROM users u
      JOIN user_backup_shares s ON s.user_id = u.id
      WHERE u.id = v.user_id
        AND u.client_id = v.client_id
        AND (
            v.method COLLATE NOCASE = s.method
              OR substr(v.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
              OR s.method = 'UNKNOWN')
        AND (
            v.backup_share_pair_id = s.backup_share_pair_id
              OR v.stored_at <= s.updated_at
                AND NOT EXISTS (
                    SELECT 1
                    FROM backup_share_versions x
                    WHERE x.user_id = v.user_id
                      AND x.kind = 'user'
                      AND x.method = s.method
                      AND x.client_id = v.client_id
                      AND x.stored_at >= v.stored_at
                      AND x.stored_at < min(
                          max(
                              (
                                  SELECT max(n.stored_at)
                                  FROM backup_share_versions n
                                  WHERE n.user_id = v.user_id
                                    AND n.kind = 'custodian'
                                    AND n.method = v.method
                                    AND n.client_id = v.client_id
                                    AND n.stored_at <= s.updated_at),
                              coalesce(
                                  (
                                      SELECT c.updated_at
                                      FROM custodian_backup_shares c
                                      WHERE c.user_id = v.user_id AND c.method = v.method AND c.updated_at <= s.updated_at),
                                  '')),
                          coalesce(
                              (
                                  SELECT min(p.stored_at)
                                  FROM backup_share_versions p
                                  WHERE p.user_id = v.user_id
                                    AND p.kind = 'custodian'
                                    AND p.backup_share_pair_id = s.backup_share_pair_id
                                    AND p.client_id = v.client_id),
                              '~'),
                          coalesce(
                              (
                                  SELECT min(c.updated_at)
                                  FROM custodian_backup_shares c
                                  WHERE c.user_id = v.user_id AND c.backup_share_pair_id = s.backup_share_pair_id),
                              '~')))
                AND (
                    SELECT count(*)
                    FROM (
                        SELECT 1
                        FROM backup_share_versions n
                        WHERE n.user_id = v.user_id
                          AND n.kind = 'custodian'
                          AND n.method = v.method
                          AND n.client_id = v.client_id
                          AND n.stored_at > v.stored_at
                          AND n.stored_at <= s.updated_at
                        LIMIT 20)) < 20
                -- Under UNKNOWN it stands for methods that have no cipher text of their own; else it keeps the newest.
                AND (
                    s.method <> 'UNKNOWN'
                      OR v.method = 'UNKNOWN'
                      OR substr(v.method, 1, 8) = 'UNKNOWN-' COLLATE NOCASE
                      OR NOT EXISTS (
                          SELECT 1
                          FROM user_backup_shares o
                          WHERE o.user_id = v.user_id
                            AND (
                                v.method COLLATE NOCASE = o.method
                                  OR substr(v.method, 1, length(o.method) + 1) = o.method || '-' COLLATE NOCASE))
                      OR NOT EXISTS (
                          SELECT 1
                          FROM backup_share_versions n
                          WHERE n.user_id = v.user_id
                            AND n.kind = 'custodian'
                            AND n.method = v.method
                            AND n.client_id = v.client_id
                            AND n.stored_at > v.stored_at
                            AND n.stored_at <= s.updated_at)
                        AND NOT EXISTS (
                            SELECT 1
                            FROM custodian_backup_shares c
                            WHERE c.user_id = v.user_id
                              AND c.method = v.method
                              AND c.updated_at BETWEEN v.stored_at AND s.updated_at))))
  -- A cipher text that can still be restored may need it. A user may have very many of those, so both kinds are sought by an index: by
  -- the pair; and from when this one was stored until the first share of its method that came after a cipher text, under each method that
  -- it may be of. Of those, too, the twenty newest stay.
  AND NOT EXISTS (
      SELECT 1
      FROM backup_share_versions s
      WHERE s.user_id = v.user_id
        AND s.backup_share_pair_id = v.backup_share_pair_id
        AND s.kind = 'user'
        AND s.client_id = v.client_id
        AND (
            v.method COLLATE NOCASE = s.method
              OR substr(v.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
              OR s.method = 'UNKNOWN')
        AND max(s.superseded_at, coalesce(s.imported_at, '')) >= strftime(
            '%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' days'))
  AND NOT EXISTS (
      WITH RECURSIVE methods (name) AS (
        SELECT v.method
        UNION ALL SELECT substr(rtrim(name, replace(name, '-', '')), 1, length(rtrim(name, replace(name, '-', ''))) - 1)
        FROM methods
        WHERE instr(name, '-') > 0)
      SELECT 1
      FROM (
        SELECT m.name,
          (
              SELECT min(x.stored_at)
              FROM backup_share_versions x
              WHERE x.user_id = v.user_id
                AND x.kind = 'user'
                AND x.method = m.name
                AND x.client_id = v.client_id
                AND x.stored_at >= v.stored_at) AS first_at
        FROM (SELECT name FROM methods UNION SELECT 'UNKNOWN') m) m
      CROSS JOIN backup_share_versions s ON s.user_id = v.user_id
        AND s.kind = 'user'
        AND s.method = m.name
        AND s.stored_at >= m.first_at
        AND s.stored_at < coalesce(
            (
                SELECT min(n.stored_at)
                FROM backup_share_versions n
                WHERE n.user_id = v.user_id
                  AND n.kind = 'custodian'
                  AND n.method = v.method
                  AND n.client_id = v.client_id
                  AND n.stored_at > m.first_at),
            '~')
      WHERE s.client_id = v.client_id
        AND max(s.superseded_at, coalesce(s.imported_at, '')) >= strftime(
            '%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' days')
        AND NOT EXISTS (
            SELECT 1
            FROM users u
            JOIN custodian_backup_shares c ON c.user_id = u.id
            WHERE u.id = v.user_id
              AND u.client_id = v.client_id
              AND c.method = v.method
              AND c.updated_at > m.first_at
              AND c.updated_at <= s.stored_at)
        AND (
            SELECT count(*)
            FROM (
                SELECT 1
                FROM backup_share_versions n
                WHERE n.user_id = v.user_id
                  AND n.kind = 'custodian'
                  AND n.method = v.method
                  AND n.client_id = v.client_id
                  AND n.stored_at > v.stored_at
                  AND n.stored_at <= m.first_at
                LIMIT 20)) < 20)
RETURNING id
