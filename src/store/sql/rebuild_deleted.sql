-- rebuild_deleted(?1): Deleted users of the copy (the JSON array ?1) that the database does not have.
INSERT INTO deleted_users (id, client_id, client_api_key_hash, created_at, deleted_at, made_by_webhook)
SELECT value ->> 'id', value ->> 'clientId', value ->> 'clientApiKeyHash', value ->> 'createdAt', value ->> 'deletedAt',
  coalesce(value ->> 'madeByWebhook', 0)
FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING
