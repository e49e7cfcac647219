-- import_custodian(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON))
-- On a conflict the share that is there is the one that gives way: else there would be no event. A record whose id
-- is known already, as that of another share, gets the event's: an id that stands for two would make a restore of
-- the one lose the other. A share of unknown time gets the time of the import, which is the same however often the
-- batch is sent. Or the time of the user's first cipher text, which belongs to it: had it come after that, the
-- backup would be half-finished. Unless there are others that the cipher text may belong to: the one that is there,
-- or one in the history.
WITH j AS (
  SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'kind' AS kind, value ->> 'id' AS id,
    value ->> 'userId' AS user_id, value ->> 'clientId' AS client_id, value ->> 'backupMethod' AS backup_method,
    coalesce(value ->> 'pairId', value ->> 'pairInside') AS pair_id, value ->> 'keyId' AS key_id, value ->> 'digest' AS digest,
    value ->> 'sealed' AS sealed, value ->> 'createdAt' AS created_at, value ->> 'storedAt' AS stored_at,
    value ->> 'supersededAt' AS superseded_at, value ->> 'reason' AS reason
  FROM json_each(?5))
INSERT INTO custodian_backup_shares (
  id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share)
SELECT iif(
    EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = u.id AND v.kind = 'custodian' AND v.id = j.id)
      OR h.id = j.id, j.event_id, j.id),
  u.id, j.backup_method, j.pair_id, j.key_id, j.digest,
  coalesce(
    j.created_at, j.stored_at,
      min(
        strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'),
          coalesce(
            (
                SELECT min(s.updated_at)
                FROM user_backup_shares s
                WHERE s.user_id = u.id
                  AND NOT EXISTS (
                      SELECT 1
                      FROM backup_share_versions v
                      WHERE v.user_id = u.id
                        AND v.client_id = u.client_id
                        AND v.kind = 'custodian'
                        AND v.method = j.backup_method)),
              strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch')))),
  coalesce(
    j.stored_at,
      max(
        min(
            strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'),
              coalesce(
                (
                    SELECT min(s.updated_at)
                    FROM user_backup_shares s
                    WHERE s.user_id = u.id
                      AND h.id IS NULL
                      AND NOT EXISTS (
                          SELECT 1
                          FROM backup_share_versions v
                          WHERE v.user_id = u.id
                            AND v.client_id = u.client_id
                            AND v.kind = 'custodian'
                            AND v.method = j.backup_method)),
                  strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'))),
          coalesce(h.updated_at, ''))),
  j.sealed
FROM j
JOIN users u ON u.id = j.user_id AND u.client_id = j.client_id
LEFT JOIN custodian_backup_shares h ON h.user_id = u.id AND h.method = j.backup_method
WHERE j.kind = 'custodian' AND EXISTS (SELECT 1 FROM audit_events WHERE id = j.event_id)
ON CONFLICT DO UPDATE
SET id = excluded.id, backup_method = excluded.backup_method, backup_share_pair_id = excluded.backup_share_pair_id,
  key_id = excluded.key_id, share_digest = excluded.share_digest, updated_at = excluded.updated_at,
  sealed_share = excluded.sealed_share
WHERE id <> excluded.id AND updated_at <= excluded.updated_at
