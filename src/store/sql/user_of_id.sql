-- user_of_id(?1 user id, ?2 client id or NULL)
-- Who is still arriving is another home's, or was erased there.
SELECT id, client_id AS clientId, created_at AS createdAt
FROM users
WHERE id = ?1 AND client_id = coalesce(?2, client_id)
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = users.id AND state = 'arriving')
