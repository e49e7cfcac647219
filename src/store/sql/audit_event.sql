-- audit_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 actor, ?6 action, ?7 user id, ?8 client id, ?9 outcome)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, outcome, request_id, source_address)
VALUES (?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), ?5, ?6, ?7, ?8, ?9, ?3, ?4)
RETURNING outcome
