-- user_register_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id if one is given, ?6 client id, ?7 hash of the API key, ?8 id for a new user, ?9 1 if a key that opens cipher texts takes two operators, ?10 1 if the operator may cancel a purge)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'register_user',
  iif(outcome = 'conflict', ?5, coalesce(iif(outcome = 'adopted', NULL, registered_id), ?8)), ?6, NULL,
  CASE
    -- The registration would cancel it.
    WHEN ?10 = 0
      AND outcome IN ('registered', 'adopted')
      AND EXISTS (SELECT 1 FROM purges WHERE user_id = ?8 AND client_id = ?6)
      THEN 'forbidden'
    -- The key would open what is there of this user, or can be restored and came after the last deletion; before it, if the key
    -- is not the one that the user had then.
    WHEN ?9 = 1 AND ?7 IS NOT NULL AND outcome IN ('registered', 'adopted', 'key_added')
      AND (EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = registered_id)
        OR EXISTS (
            SELECT 1
            FROM backup_share_versions v
            WHERE v.user_id IN (?8, registered_id)
              AND v.client_id = ?6
              AND v.kind = 'user'
              AND v.superseded_at > coalesce(
                  (
                      SELECT iif(d.client_api_key_hash = ?7, d.deleted_at, '')
                      FROM deleted_users d
                      WHERE d.id = ?8 AND d.client_id = ?6
                      ORDER BY d.deleted_at DESC
                      LIMIT 1),
                    '')))
      THEN 'needs_approval'
    ELSE outcome
  END,
  ?3, ?4
FROM (
  SELECT u.id AS registered_id,
    CASE
      WHEN coalesce(u.id, same_id.id, same_key.id) IS NULL THEN 'registered'
      WHEN u.id IS NULL THEN 'conflict'
      WHEN u.id <> coalesce(?5, u.id)
        THEN iif(
            coalesce(same_id.id, same_key.id) IS NULL
              -- Only a webhook made this user, and nothing but custodian shares is there.
              AND u.made_by_webhook
              AND u.client_api_key_hash IS NULL
              AND NOT EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = u.id)
              AND NOT EXISTS (
                    SELECT 1
                    FROM backup_share_versions v
                    WHERE v.user_id = u.id AND v.client_id = u.client_id AND v.kind = 'user'),
                  'adopted', 'conflict')
      WHEN same_key.id = u.id OR ?7 IS NULL THEN 'unchanged'
      WHEN same_key.id IS NULL AND u.client_api_key_hash IS NULL THEN 'key_added'
      ELSE 'conflict'
    END AS outcome
  FROM (SELECT 1)
  LEFT JOIN users u ON u.client_id = ?6
  LEFT JOIN users same_id ON same_id.id = ?8
  LEFT JOIN users same_key ON same_key.client_api_key_hash = ?7)
RETURNING outcome
