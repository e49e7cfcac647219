-- home_release(?1, ?2, ?3, ?4, ?5, ?6, ?7)
-- Takes the event ids of the registrations ?7 (JSON) away, so that none of them can be carried out here any more: unless
-- somebody stands behind the ?5 ?6, or has moved away.
INSERT INTO audit_events (id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT value, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'system', 'register_user', NULL, NULL, NULL, 'overtaken', ?3, ?4
FROM json_each(?7) WHERE ?1 IS NOT NULL AND NOT CASE ?5
  WHEN 'client' THEN EXISTS (SELECT 1 FROM users WHERE client_id = ?6) OR EXISTS (SELECT 1 FROM deleted_users WHERE client_id = ?6)
  WHEN 'user' THEN EXISTS (SELECT 1 FROM users WHERE id = ?6) OR EXISTS (SELECT 1 FROM deleted_users WHERE id = ?6)
    OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = ?6)
  ELSE EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?6) END
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = ?5 AND value = ?6 AND state = 'moved')
ON CONFLICT (id) DO NOTHING
