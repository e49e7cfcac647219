-- move_audit_events_write(?1, ?2)
-- Writes the rows ?1 (JSON), once.
-- An event may name another user's client: whose credential was refused. Where that one is on the move here, or has left, its mark would
-- stop the event, and the move would never end. So the event has that client in its reason.
INSERT OR IGNORE INTO audit_events (id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address,
  operator, approved_by, reason, counts)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, iif(m.value IS NULL, j.value ->> 5, NULL), j.value ->> 6, j.value ->> 7,
  j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11, coalesce(j.value ->> 12, 'client: ' || m.value), j.value ->> 13
FROM json_each(?1) j LEFT JOIN moves m ON m.kind = 'client' AND m.value = j.value ->> 5 AND m.state <> 'landing'
WHERE true AND ?2 IS NOT NULL
