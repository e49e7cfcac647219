-- import_share_verdicts(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON), ?6 whether older shares give way)
WITH j AS (
    SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'kind' AS kind, value ->> 'id' AS id,
      value ->> 'userId' AS user_id, value ->> 'clientId' AS client_id, value ->> 'backupMethod' AS backup_method,
      value ->> 'pairId' AS pair_id, value ->> 'digests' AS digests,
      value ->> 'sealed' AS sealed, value ->> 'createdAt' AS created_at, value ->> 'storedAt' AS stored_at,
      value ->> 'supersededAt' AS superseded_at, value ->> 'reason' AS reason
    FROM json_each(?5)),
  found AS (
    -- The share that is there stands in one of the two tables, by the record's kind.
    SELECT j.*, u.id AS owner, coalesce(c.id, s.id) AS held_id, coalesce(c.updated_at, s.updated_at) AS held_at,
      coalesce(c.share_digest, s.share_digest) AS held_digest,
      coalesce(c.backup_share_pair_id, s.backup_share_pair_id) AS held_pair_id, k.id AS kept_id,
      coalesce(k.key_id, c.key_id, s.key_id) AS held_key_id,
      coalesce(k.backup_method, c.backup_method, s.backup_method) AS held_method,
      coalesce(k.sealed_share, c.sealed_share, s.sealed_share) AS held
    FROM j
    LEFT JOIN users u ON u.id = j.user_id AND u.client_id = j.client_id
    LEFT JOIN custodian_backup_shares c ON j.kind = 'custodian' AND c.user_id = u.id AND c.method = j.backup_method
    LEFT JOIN user_backup_shares s ON j.kind = 'user' AND s.user_id = u.id AND s.method = j.backup_method
    -- The version of the record's id may be another share: an old server keeps the id of a row whose share it
    -- replaces.
    LEFT JOIN backup_share_versions k ON k.rowid = (
      SELECT v.rowid
      FROM backup_share_versions v
      WHERE v.user_id = u.id
        AND v.kind = j.kind
        AND v.client_id = u.client_id
        AND v.id = j.id
        AND v.share_digest IS NULL
      LIMIT 1)),
  judged AS MATERIALIZED (
    SELECT f.*,
      CASE
        WHEN EXISTS (SELECT 1 FROM audit_events a WHERE a.id = f.event_id) THEN 'new'
        WHEN owner IS NULL THEN 'unknown_user'
        WHEN held_id IS NULL
            AND iif(
                f.kind = 'custodian',
                  (SELECT count(*) FROM custodian_backup_shares m WHERE m.user_id = f.owner),
                  (SELECT count(*) FROM user_backup_shares m WHERE m.user_id = f.owner))
              + (
                SELECT count(DISTINCT e.backup_method COLLATE NOCASE)
                FROM found e
                WHERE e.owner = f.owner
                  AND e.kind = f.kind
                  AND e.held_id IS NULL
                  AND e.backup_method <> f.backup_method COLLATE NOCASE
                  AND e.line < f.line) >= 256
          THEN 'conflict'
        WHEN held_id IS NULL THEN 'new'
        WHEN EXISTS (
            SELECT 1
            FROM backup_share_versions v
            WHERE v.user_id = f.owner
              AND v.kind = f.kind
              AND v.client_id = f.client_id
              -- It was current once: something newer has come since. Unless it was stored once more after that.
              AND (v.id = f.id OR v.method = f.backup_method)
              AND instr(f.digests, v.share_digest)
              AND NOT (
                ?6
                  AND coalesce(f.held_at < f.stored_at AND v.stored_at < f.stored_at, 0)
                  AND instr(f.digests, f.held_digest) IS NOT TRUE))
          THEN 'same'
        WHEN kept_id IS NOT NULL AND instr(digests, held_digest) IS NOT TRUE THEN 'sealed_otherwise'
        -- An older share gives way.
        WHEN ?6 AND held_at < stored_at AND held_id <> id AND instr(digests, held_digest) IS NOT TRUE THEN 'new'
        -- Another share of the same row: an import that went wrong is put right by another one.
        WHEN ?6
            AND NOT instr(digests, held_digest)
            AND (
                held_id = id AND held_at <= coalesce(stored_at, held_at)
                  OR held_at = stored_at
                      AND EXISTS (
                          SELECT 1
                          FROM backup_share_versions v
                          WHERE v.user_id = f.owner
                            AND v.kind = f.kind
                            AND v.client_id = f.client_id
                            AND v.id = f.id))
          THEN 'new'
        ELSE CASE
            WHEN pair_id IS NOT NULL AND held_pair_id IS NOT pair_id THEN 'conflict'
            WHEN instr(digests, held_digest) THEN 'same'
            -- A share that has no digest, of an old schema, has to be opened.
            WHEN held_digest IS NULL THEN 'sealed_otherwise'
            ELSE 'conflict'
          END
      END AS outcome
    FROM found f)
SELECT line, outcome, held_at, coalesce(n.key_id, held_key_id) AS held_key_id,
  coalesce(n.backup_method, held_method) AS held_method,
  -- To compare it; or, of the same share, to see whether it opens.
  CASE
    WHEN n.id IS NOT NULL THEN n.sealed_share
    WHEN outcome = 'sealed_otherwise' THEN held
    WHEN outcome = 'same' AND kept_id IS NULL AND instr(digests, held_digest) THEN held
  END AS sealed_share
FROM judged g
-- The same share stands in the history: where something newer has come since, or it was stored once more after that.
LEFT JOIN backup_share_versions n ON (g.outcome = 'new' OR g.outcome = 'same' AND instr(g.digests, g.held_digest) IS NOT TRUE)
  AND n.rowid = (
    SELECT v.rowid
    FROM backup_share_versions v
    WHERE v.user_id = g.owner
      AND v.kind = g.kind
      AND v.client_id = g.client_id
      AND (v.id = g.id OR v.method = g.backup_method)
      AND instr(g.digests, v.share_digest)
    LIMIT 1)
