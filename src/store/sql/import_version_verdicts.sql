-- import_version_verdicts(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON), ?6 whether older shares give way)
WITH j AS (
    SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'kind' AS kind, value ->> 'id' AS id,
      value ->> 'userId' AS user_id, value ->> 'clientId' AS client_id, value ->> 'backupMethod' AS backup_method,
      value ->> 'pairId' AS pair_id, value ->> 'digests' AS digests,
      value ->> 'sealed' AS sealed, value ->> 'createdAt' AS created_at, value ->> 'storedAt' AS stored_at,
      value ->> 'supersededAt' AS superseded_at, value ->> 'reason' AS reason
    FROM json_each(?5)),
  found AS (
    SELECT j.*,
      coalesce(
        u.id,
          (SELECT d.id FROM deleted_users d WHERE d.id = j.user_id AND d.client_id = j.client_id LIMIT 1)) AS owner,
      coalesce(v.id, c.id, s.id) AS held_id, coalesce(v.stored_at, c.updated_at, s.updated_at) AS held_at,
      coalesce(v.key_id, c.key_id, s.key_id) AS held_key_id,
      coalesce(v.backup_method, c.backup_method, s.backup_method) AS held_method,
      coalesce(v.share_digest, c.share_digest, s.share_digest) AS held_digest,
      coalesce(v.backup_share_pair_id, c.backup_share_pair_id, s.backup_share_pair_id) AS held_pair_id,
      coalesce(v.sealed_share, c.sealed_share, s.sealed_share) AS held, v.id AS version_id
    FROM j
    LEFT JOIN users u ON u.id = j.user_id AND u.client_id = j.client_id
    LEFT JOIN backup_share_versions v ON v.user_id = j.user_id
      AND v.client_id = j.client_id
      AND v.kind = j.kind
      AND v.id = j.id
    LEFT JOIN custodian_backup_shares c ON c.user_id = u.id AND c.id = j.id AND j.kind = 'custodian'
    LEFT JOIN user_backup_shares s ON s.user_id = u.id AND s.id = j.id AND j.kind = 'user'),
  judged AS (
    SELECT f.*,
      CASE
        WHEN EXISTS (SELECT 1 FROM audit_events a WHERE a.id = f.event_id) THEN 'new'
        WHEN owner IS NULL THEN 'unknown_user'
        WHEN held_id IS NULL THEN 'new'
        -- A version of the same row that is another share is put beside the one that is there.
        WHEN ?6 AND version_id IS NOT NULL AND NOT instr(digests, held_digest)
          THEN iif(
              EXISTS (
                  SELECT 1
                  FROM backup_share_versions o
                  WHERE o.user_id = f.user_id
                    AND o.client_id = f.client_id
                    AND o.kind = f.kind
                    AND o.method = f.backup_method
                    AND instr(f.digests, o.share_digest)),
                'same', 'new')
        ELSE CASE
            WHEN pair_id IS NOT NULL AND held_pair_id IS NOT pair_id THEN 'conflict'
            WHEN instr(digests, held_digest) THEN 'same'
            -- A share that has no digest, of an old schema, has to be opened.
            WHEN held_digest IS NULL THEN 'sealed_otherwise'
            ELSE 'conflict'
          END
      END AS outcome
    FROM found f)
SELECT line, outcome, held_at, held_key_id, held_method,
  -- To compare it; or, of the same share, to see whether it opens.
  CASE outcome WHEN 'sealed_otherwise' THEN held WHEN 'same' THEN iif(instr(digests, held_digest), held, NULL) END AS sealed_share
FROM judged
