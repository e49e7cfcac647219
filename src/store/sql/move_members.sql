-- move_members(?1)
-- Who moves with the user ?1: all users, deleted ones too, that have had a client in common, for what is kept of them belongs
-- together. The API key of a deleted one may be another user's by now.
WITH RECURSIVE members AS (SELECT ?1 AS id
  UNION SELECT o.id FROM members m JOIN users u ON u.id = m.id JOIN deleted_users o ON o.client_id = u.client_id
  UNION SELECT o.id FROM members m JOIN deleted_users d ON d.id = m.id JOIN deleted_users o ON o.client_id = d.client_id
  UNION SELECT o.id FROM members m JOIN deleted_users d ON d.id = m.id JOIN users o ON o.client_id = d.client_id)
SELECT u.id, u.client_id, u.client_api_key_hash, 1 AS is_user FROM members m JOIN users u ON u.id = m.id
UNION ALL SELECT d.id, d.client_id, NULL, 0 FROM members m JOIN deleted_users d ON d.id = m.id
