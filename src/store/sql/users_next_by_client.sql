-- users_next_by_client(?1 after this client id, ?2 limit of the page, ?3 beginning of the client id)
SELECT 1
FROM users
WHERE client_id > ?1 AND client_id >= ?3 AND client_id < ?3 || char(1114111)
ORDER BY client_id
LIMIT 1 OFFSET ?2
