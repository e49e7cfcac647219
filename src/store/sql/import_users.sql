-- import_users(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON))
WITH j AS (
  SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'id' AS id,
    value ->> 'clientId' AS client_id, value ->> 'hash' AS hash, value ->> 'createdAt' AS created_at,
    value ->> 'deletedAt' AS deleted_at, value ->> 'madeByWebhook' AS made_by_webhook
  FROM json_each(?5))
INSERT INTO users (id, client_id, client_api_key_hash, made_by_webhook, created_at)
SELECT j.id, j.client_id, j.hash, j.made_by_webhook, coalesce(j.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
FROM j
WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = j.event_id AND outcome = 'registered')
  AND j.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = j.id)
