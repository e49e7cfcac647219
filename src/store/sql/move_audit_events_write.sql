-- move_audit_events_write(?1, ?2)
-- Writes the rows ?1 (JSON), once.
INSERT OR IGNORE INTO audit_events (id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address,
  operator, approved_by, reason, counts)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9,
  j.value ->> 10, j.value ->> 11, j.value ->> 12, j.value ->> 13 FROM json_each(?1) j
WHERE true AND ?2 IS NOT NULL
