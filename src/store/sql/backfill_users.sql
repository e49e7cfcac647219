-- backfill_users(?1, ?2): Notes for the users ?1 < row number <= ?2, which were there before copying began.
INSERT INTO changes (at, user_id, what, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), id, 'user', json_object('id', id, 'clientId', client_id,
  'clientApiKeyHash', client_api_key_hash, 'createdAt', created_at,
  'madeByWebhook', json(iif(made_by_webhook, 'true', 'false')))
FROM users WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid
