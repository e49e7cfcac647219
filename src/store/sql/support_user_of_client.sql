-- support_user_of_client(?1)
SELECT id, client_id AS clientId, created_at AS createdAt FROM users WHERE client_id = ?1
