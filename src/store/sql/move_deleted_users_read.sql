-- move_deleted_users_read(?1, ?2)
-- The next rows of the users ?1 (JSON), ?2 of which were read before.
SELECT ?2 + row_number() OVER (ORDER BY k) AS place, row FROM (
  SELECT t.id || char(10) || t.deleted_at AS k, json_array(t.id, t.client_id, t.client_api_key_hash, t.created_at, t.deleted_at, t.made_by_webhook) AS row FROM deleted_users t WHERE t.id IN (SELECT value FROM json_each(?1))
  ORDER BY 1 LIMIT 500 OFFSET ?2) AS page
