-- user_get(?1 user id)
SELECT id, client_id AS clientId, created_at AS createdAt FROM users WHERE id = ?1
