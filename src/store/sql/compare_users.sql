-- compare_users(?1, ?2): How the users ?2 (a JSON array of ids) differ between the copy (the JSON array ?1 of users) and the database. Who has notes that wait is left out. Objects from before they told
-- who made the user are compared without it.
WITH copy AS MATERIALIZED (SELECT value ->> 'id' AS id, value ->> 'clientId' AS client_id, value ->> 'clientApiKeyHash' AS hash,
    value ->> 'createdAt' AS created_at, value ->> 'madeByWebhook' AS by_webhook FROM json_each(?1)),
  asked AS MATERIALIZED (SELECT value AS id FROM json_each(?2) WHERE value NOT IN (SELECT user_id FROM changes))
SELECT a.id AS user_id, 'user' AS kind, '' AS id, CASE WHEN u.id IS NULL THEN 'not in the database' WHEN c.id IS NULL THEN 'not in the copy'
  ELSE 'differs' END AS wrong
FROM asked a LEFT JOIN copy c ON c.id = a.id LEFT JOIN users u ON u.id = a.id
WHERE (c.id, c.client_id, c.hash, c.created_at) IS NOT (u.id, u.client_id, u.client_api_key_hash, u.created_at)
  OR c.by_webhook <> u.made_by_webhook
