-- user_add_api_key(?1 client id, ?2 hash of the API key, ?3 event id)
UPDATE users
SET client_api_key_hash = ?2
WHERE client_id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'key_added')
