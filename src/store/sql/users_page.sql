-- users_page(?1 after this id, ?2 limit, ?3 beginning of the id)
-- An empty beginning: all users.
SELECT id, client_id AS clientId, created_at AS createdAt
FROM users
WHERE id > ?1 AND id >= ?3 AND id < ?3 || char(1114111)
ORDER BY id
LIMIT ?2
