-- canary_of_store(?1 key id, ?2 sealed canary, ?3 key check, ?4 event id)
INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at)
SELECT ?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE EXISTS (
  SELECT 1 FROM audit_events WHERE id = ?4 AND outcome IN ('stored', 'replaced_alone', 'same_text', 'unchanged'))
ON CONFLICT (key_id) DO NOTHING
