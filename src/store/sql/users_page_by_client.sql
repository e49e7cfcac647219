-- users_page_by_client(?1 after this client id, ?2 limit, ?3 beginning of the client id)
-- An empty beginning: all users.
SELECT id, client_id AS clientId, created_at AS createdAt
FROM users
WHERE client_id > ?1 AND client_id >= ?3 AND client_id < ?3 || char(1114111)
ORDER BY client_id
LIMIT ?2
