-- rebuild_users(?1): Users of the copy (the JSON array ?1) that the database does not have. An API key that is somebody else's by now stays theirs.
INSERT INTO users (id, client_id, client_api_key_hash, created_at, made_by_webhook)
SELECT value ->> 'id', value ->> 'clientId',
  iif(EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = value ->> 'clientApiKeyHash'), NULL, value ->> 'clientApiKeyHash'),
  value ->> 'createdAt', coalesce(value ->> 'madeByWebhook', 0)
FROM json_each(?1) WHERE value ->> 'id' NOT IN (SELECT user_id FROM merge_leaves_out)
ON CONFLICT DO NOTHING
