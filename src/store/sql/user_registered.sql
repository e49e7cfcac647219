-- user_registered(?1 client id, ?2 event id)
SELECT id, client_id AS clientId, created_at AS createdAt
FROM users
WHERE client_id = ?1 AND id = (SELECT user_id FROM audit_events WHERE id = ?2)
