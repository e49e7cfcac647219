-- backfill_deleted(): Notes for the deleted users. Who is registered again gets the note of that later.
INSERT INTO changes (at, user_id, what, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), id, 'deleted', json_object('id', id, 'clientId', client_id,
  'clientApiKeyHash', client_api_key_hash, 'createdAt', created_at, 'deletedAt', deleted_at,
  'madeByWebhook', json(iif(made_by_webhook, 'true', 'false')))
FROM deleted_users
