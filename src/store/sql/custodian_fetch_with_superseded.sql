-- custodian_fetch_with_superseded(?1 client id, ?2 how many superseded shares are given in any case)
-- Part 1: the current custodian shares. Part 2: the cipher texts, without the text. Part 3: the newest superseded custodian shares.
-- Part 4: others that may be mates.
SELECT 1 AS part, c.backup_method, c.backup_share_pair_id, c.updated_at AS stored_at, c.key_id, c.sealed_share,
  NULL AS earlier
FROM custodian_backup_shares c
WHERE c.user_id = (SELECT id FROM users WHERE client_id = ?1)
UNION ALL SELECT 2, s.backup_method, s.backup_share_pair_id, s.updated_at, NULL, NULL,
  -- When the cipher texts came that its method had before it: the last twenty.
  (
      SELECT group_concat(stored_at, ' ')
      FROM (
        SELECT x.stored_at
        FROM backup_share_versions x
        WHERE x.user_id = s.user_id
          AND x.kind = 'user'
          AND x.method = s.method
          AND x.client_id = ?1
          AND x.stored_at < s.updated_at
        ORDER BY x.stored_at DESC
        LIMIT 20))
FROM user_backup_shares s
WHERE s.user_id = (SELECT id FROM users WHERE client_id = ?1)
UNION ALL SELECT *
FROM (
  SELECT 3, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share, NULL
  FROM backup_share_versions v
  WHERE v.user_id = (SELECT id FROM users WHERE client_id = ?1) AND v.kind = 'custodian' AND v.client_id = ?1
  ORDER BY v.superseded_at DESC
  LIMIT cast(?2 AS INTEGER))
UNION ALL SELECT 4, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share, NULL
FROM backup_share_versions v
-- The current cipher texts' possible mates in the history: those of the pair; and of each method the newest that were there when the
-- cipher text came, back to the last cipher text before it that a share of the method, or the share of the pair, came after. They are
-- sought by an index, for a user may have very many versions. `methods` is found by leaping from one to the next.
WHERE v.rowid NOT IN (
    SELECT v.rowid
    FROM backup_share_versions v
    WHERE v.user_id = (SELECT id FROM users WHERE client_id = ?1) AND v.kind = 'custodian' AND v.client_id = ?1
    ORDER BY v.superseded_at DESC
    LIMIT cast(?2 AS INTEGER))
  AND v.rowid IN (
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
    CROSS JOIN backup_share_versions n ON n.rowid IN (
        SELECT w.rowid
        FROM backup_share_versions w
        WHERE w.user_id = u.id
          AND w.kind = 'custodian'
          AND w.method = m.method
          AND w.client_id = ?1
          AND w.stored_at <= s.updated_at
          AND w.stored_at > coalesce(
              (
                  SELECT max(x.stored_at)
                  FROM backup_share_versions x
                  WHERE x.user_id = u.id
                    AND x.kind = 'user'
                    AND x.method = s.method
                    AND x.client_id = ?1
                    AND x.stored_at < min(
                        max(
                            coalesce(
                                (
                                    SELECT max(o.stored_at)
                                    FROM backup_share_versions o
                                    WHERE o.user_id = u.id
                                      AND o.kind = 'custodian'
                                      AND o.method = m.method
                                      AND o.client_id = ?1
                                      AND o.stored_at <= s.updated_at),
                                ''),
                            coalesce(
                                (
                                    SELECT c.updated_at
                                    FROM custodian_backup_shares c
                                    WHERE c.user_id = u.id AND c.method = m.method AND c.updated_at <= s.updated_at),
                                '')),
                        coalesce(
                            (
                                SELECT min(p.stored_at)
                                FROM backup_share_versions p
                                WHERE p.user_id = u.id
                                  AND p.kind = 'custodian'
                                  AND p.backup_share_pair_id = s.backup_share_pair_id
                                  AND p.client_id = ?1),
                            '~'),
                        coalesce(
                            (
                                SELECT min(c.updated_at)
                                FROM custodian_backup_shares c
                                WHERE c.user_id = u.id AND c.backup_share_pair_id = s.backup_share_pair_id),
                            '~'))),
              '')
        ORDER BY w.stored_at DESC
        LIMIT 20))
  AND v.client_id = ?1
