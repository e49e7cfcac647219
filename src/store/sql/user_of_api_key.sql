-- user_of_api_key(?1)
SELECT client_id FROM users u WHERE client_api_key_hash = ?1
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = u.id AND state = 'arriving')
