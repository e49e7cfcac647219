-- walk_users(?1, ?2)
-- The next ?1 users by id, deleted ones too, behind the id ?2 or where the walk stands; and which of them are on their way here. Who is
-- about to leave is still this home's.
SELECT id, client_id, client_api_key_hash, is_user,
  EXISTS (SELECT 1 FROM moves m WHERE m.kind = 'user' AND m.value = u.id AND m.state = 'arriving') AS is_arriving FROM (
  SELECT id, client_id, client_api_key_hash, 1 AS is_user FROM users
  WHERE id > coalesce(?2, (SELECT value FROM meta WHERE name = 'routes'), '')
  UNION ALL SELECT id, client_id, NULL, 0 FROM deleted_users
  WHERE id > coalesce(?2, (SELECT value FROM meta WHERE name = 'routes'), '') ORDER BY 1 LIMIT ?1) u ORDER BY id
