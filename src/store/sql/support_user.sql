-- support_user(?1)
SELECT id, client_id AS clientId, created_at AS createdAt FROM users WHERE id = ?1
