-- import_versions(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON))
WITH j AS (
  SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'kind' AS kind, value ->> 'id' AS id,
    value ->> 'userId' AS user_id, value ->> 'clientId' AS client_id, value ->> 'backupMethod' AS backup_method,
    coalesce(value ->> 'pairId', value ->> 'pairInside') AS pair_id, value ->> 'keyId' AS key_id, value ->> 'digest' AS digest,
    value ->> 'sealed' AS sealed, value ->> 'createdAt' AS created_at, value ->> 'storedAt' AS stored_at,
    value ->> 'supersededAt' AS superseded_at, value ->> 'reason' AS reason
  FROM json_each(?5))
INSERT INTO backup_share_versions (
  id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id, share_digest, created_at, stored_at,
    superseded_at, reason, sealed_share, imported_at)
SELECT iif(
    EXISTS (
        SELECT 1
        FROM backup_share_versions v
        WHERE v.user_id = j.user_id AND v.client_id = j.client_id AND v.kind = j.kind AND v.id = j.id),
      j.event_id, j.id),
  j.user_id, j.client_id, j.kind, j.backup_method, j.pair_id, j.key_id, j.digest, coalesce(j.created_at, j.stored_at),
  j.stored_at, j.superseded_at, j.reason, j.sealed, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM j
WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = j.event_id)
