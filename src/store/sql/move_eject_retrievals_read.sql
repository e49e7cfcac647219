-- move_eject_retrievals_read(?1, ?2)
-- The next rows of the users ?1 (JSON), ?2 of which were read before.
SELECT ?2 + row_number() OVER (ORDER BY k) AS place, row FROM (
  SELECT t.user_id || char(10) || t.window_id || char(10) || t.backup_method AS k, json_array(t.user_id, t.window_id, t.backup_method, t.audit_event_id, t.retrieved_at) AS row FROM eject_retrievals t WHERE t.user_id IN (SELECT value FROM json_each(?1))
  ORDER BY 1 LIMIT 500 OFFSET ?2) AS page
