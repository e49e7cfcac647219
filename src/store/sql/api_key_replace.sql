-- api_key_replace(?1 user id, ?2 hash of the API key, ?3 event id)
UPDATE users
SET client_api_key_hash = ?2
WHERE id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'replaced')
