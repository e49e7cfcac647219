-- client_find(?1 client id, ?2 API key hash, ?3 user id, ?4 client id of the credential)
SELECT id FROM users WHERE client_id = ?1 AND (client_api_key_hash = ?2 OR id = ?3 OR client_id = ?4)
