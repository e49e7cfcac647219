-- import_owners(?1 user ids (JSON))
-- Not who is still arriving: the user is in another home.
SELECT id, client_id, 0 AS is_deleted
FROM users
WHERE id IN (SELECT value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = users.id AND state = 'arriving')
UNION SELECT id, client_id, 1
FROM deleted_users d
WHERE id IN (SELECT value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = d.id AND state = 'arriving')
