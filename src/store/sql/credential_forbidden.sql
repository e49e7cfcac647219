-- credential_forbidden(?1 event id, ?2 client id of the credential)
UPDATE audit_events
SET outcome = 'forbidden',
  -- The event of a path that names a client is about that client.
  client_id = iif(action = 'find_client', client_id, ?2)
WHERE id = ?1 AND outcome = 'unauthorized'
