-- compare_deleted(?1, ?2): As compare_users, of deleted users.
WITH copy AS MATERIALIZED (SELECT value ->> 'id' AS id, value ->> 'deletedAt' AS deleted_at, value ->> 'clientId' AS client_id FROM json_each(?1)),
  asked AS MATERIALIZED (SELECT value AS id FROM json_each(?2) WHERE value NOT IN (SELECT user_id FROM changes))
SELECT c.id AS user_id, 'deleted user' AS kind, c.deleted_at AS id, 'not in the database' AS wrong
FROM copy c JOIN asked a ON a.id = c.id LEFT JOIN deleted_users d ON d.id = c.id AND d.deleted_at = c.deleted_at
WHERE d.client_id IS NOT c.client_id
UNION ALL SELECT d.id, 'deleted user', d.deleted_at, 'not in the copy' FROM asked a CROSS JOIN deleted_users d ON d.id = a.id
WHERE NOT EXISTS (SELECT 1 FROM copy c WHERE c.id = d.id AND c.deleted_at = d.deleted_at)
