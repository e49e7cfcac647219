-- move_audit_events_read(?1, ?2)
-- The next rows of the users ?1 (JSON), ?2 of which were read before.
SELECT ?2 + row_number() OVER (ORDER BY k) AS place, row FROM (
  SELECT t.id AS k, json_array(t.id, t.at, t.actor, t.action, t.user_id, t.client_id, t.backup_method, t.outcome, t.request_id, t.source_address,
    t.operator, t.approved_by, t.reason, t.counts) AS row FROM audit_events t WHERE t.user_id IN (SELECT value FROM json_each(?1))
  ORDER BY 1 LIMIT 500 OFFSET ?2) AS page
