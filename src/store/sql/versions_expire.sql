-- versions_expire(?1 first row, ?2 last row, ?3 days of retention)
DELETE FROM backup_share_versions AS v
WHERE v.rowid BETWEEN ?1 AND ?2
  AND max(v.superseded_at, coalesce(v.imported_at, '')) < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' days')
  AND NOT (
      -- A custodian share that a user share in use, or one that can still be restored, may need.
      v.kind = 'custodian'
        AND (
            -- In use: of the same pair, or stored while this was the newest of its method.
            EXISTS (SELECT 1 FROM users u WHERE u.id = v.user_id AND u.client_id = v.client_id)
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
              -- Itself in the history, of which a user may have very many: so both kinds of mate are sought by an
              -- index, by the pair; and from when this one was stored until the next of its method was, under each
              -- method that it may be of.
              OR (
                  EXISTS (
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
                    OR EXISTS (
                        WITH RECURSIVE methods (name) AS (
                          SELECT v.method
                          UNION ALL SELECT substr(
                            rtrim(name, replace(name, '-', '')), 1, length(rtrim(name, replace(name, '-', ''))) - 1)
                          FROM methods
                          WHERE instr(name, '-') > 0)
                        SELECT 1
                        FROM (SELECT name FROM methods UNION SELECT 'UNKNOWN') m
                        CROSS JOIN backup_share_versions s ON s.user_id = v.user_id
                          AND s.kind = 'user'
                          AND s.method = m.name
                          AND s.stored_at >= v.stored_at
                          AND s.stored_at < coalesce(
                              (
                                  SELECT min(n.stored_at)
                                  FROM backup_share_versions n
                                  WHERE n.user_id = v.user_id
                                    AND n.kind = 'custodian'
                                    AND n.method = v.method
                                    AND n.client_id = v.client_id
                                    AND n.stored_at > v.stored_at),
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
                                AND c.updated_at BETWEEN v.stored_at AND s.stored_at)))))
  AND NOT (
      -- A user share that a custodian share in use may need: the first that was stored after that one, or the first
      -- of its pair. The first only: whoever has an app's credential can store any number after it, and what is
      -- spared must have an end.
      v.kind = 'user'
        AND EXISTS (
            SELECT 1
            FROM users u
            JOIN custodian_backup_shares c ON c.user_id = u.id
            WHERE u.id = v.user_id
              AND u.client_id = v.client_id
              AND (
                  c.method = v.method
                    OR substr(c.method, 1, length(v.method) + 1) = v.method || '-' COLLATE NOCASE
                    OR v.method = 'UNKNOWN')
              AND (
                  v.stored_at >= c.updated_at
                      AND NOT EXISTS (
                          SELECT 1
                          FROM backup_share_versions n
                          WHERE n.user_id = v.user_id
                            AND n.kind = 'user'
                            AND n.method = v.method
                            AND n.client_id = v.client_id
                            AND n.stored_at >= c.updated_at
                            AND n.stored_at < v.stored_at)
                      AND NOT EXISTS (
                          SELECT 1
                          FROM user_backup_shares s
                          WHERE s.user_id = v.user_id
                            AND s.method = v.method
                            AND s.updated_at >= c.updated_at
                            AND s.updated_at < v.stored_at)
                    OR v.backup_share_pair_id = c.backup_share_pair_id
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
                            FROM user_backup_shares s
                            WHERE s.user_id = v.user_id
                              AND s.backup_share_pair_id = v.backup_share_pair_id
                              AND s.updated_at < v.stored_at))))
RETURNING id
