-- user_of_id(?1 user id, ?2 client id or NULL)
SELECT id, client_id AS clientId, created_at AS createdAt
FROM users
WHERE id = ?1 AND client_id = coalesce(?2, client_id)
