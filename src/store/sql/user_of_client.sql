-- user_of_client(?1 client id)
SELECT id, client_id AS clientId, created_at AS createdAt FROM users WHERE client_id = ?1
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = users.id AND state = 'arriving')
