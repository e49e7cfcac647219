-- move_members(?1)
-- Who moves with the user ?1: all users, deleted ones too, that have had a client in common, for what is kept of them belongs
-- together.
WITH RECURSIVE everybody AS (SELECT id, client_id, client_api_key_hash, 1 AS is_user FROM users
    UNION ALL SELECT id, client_id, client_api_key_hash, 0 FROM deleted_users),
  members AS (SELECT ?1 AS id UNION SELECT b.id FROM members m JOIN everybody a ON a.id = m.id JOIN everybody b ON b.client_id = a.client_id)
SELECT e.id, e.client_id, e.client_api_key_hash, e.is_user FROM members m JOIN everybody e ON e.id = m.id
