-- import_owners(?1 user ids (JSON))
SELECT id, client_id, 0 AS is_deleted
FROM users
WHERE id IN (SELECT value FROM json_each(?1))
UNION SELECT id, client_id, 1
FROM deleted_users
WHERE id IN (SELECT value FROM json_each(?1))
