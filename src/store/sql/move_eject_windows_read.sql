-- move_eject_windows_read(?1, ?2)
-- The next rows of the users ?1 (JSON), ?2 of which were read before.
SELECT ?2 + row_number() OVER (ORDER BY k) AS place, row FROM (
  SELECT t.user_id AS k, json_array(t.user_id, t.id, t.opened_at, t.ejectable_until) AS row FROM eject_windows t WHERE t.user_id IN (SELECT value FROM json_each(?1))
  ORDER BY 1 LIMIT 500 OFFSET ?2) AS page
