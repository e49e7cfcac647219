-- import_user_verdicts(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the records (JSON), ?6 1 if a key that opens cipher texts takes two operators)
WITH j AS (
    SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'id' AS id,
      value ->> 'clientId' AS client_id, value ->> 'hash' AS hash, value ->> 'createdAt' AS created_at,
      value ->> 'deletedAt' AS deleted_at
    FROM json_each(?5)),
  judged AS (
    SELECT j.*,
      CASE
        WHEN EXISTS (SELECT 1 FROM audit_events a WHERE a.id = j.event_id) THEN 'new'
        WHEN deleted_at IS NOT NULL
          THEN coalesce(
              (
                  SELECT iif(d.client_id = j.client_id, 'same', 'id_taken')
                  FROM deleted_users d
                  WHERE d.id = j.id AND d.deleted_at = j.deleted_at),
                'new')
        WHEN EXISTS (
            SELECT 1
            FROM users u
            WHERE u.id = j.id
              AND u.client_id = j.client_id
              AND u.client_api_key_hash IS coalesce(j.hash, u.client_api_key_hash))
          THEN 'same'
        WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = j.id AND u.client_id = j.client_id) THEN 'other_key'
        WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = j.id) THEN 'id_taken'
        WHEN EXISTS (SELECT 1 FROM users u WHERE u.client_id = j.client_id) THEN 'client_taken'
        WHEN EXISTS (SELECT 1 FROM users u WHERE u.client_api_key_hash = j.hash) THEN 'key_taken'
        -- The registration would take it back.
        WHEN EXISTS (SELECT 1 FROM purges p WHERE p.user_id = j.id AND p.client_id = j.client_id) THEN 'purge_waits'
        -- As user_register_event judges it: the key would open what can be restored, and is not the last one that the user had.
        WHEN ?6 = 1 AND j.hash IS NOT NULL
          AND EXISTS (
              SELECT 1 FROM backup_share_versions v WHERE v.user_id = j.id AND v.client_id = j.client_id AND v.kind = 'user')
          AND j.hash IS NOT (
              SELECT d.client_api_key_hash
              FROM deleted_users d
              WHERE d.id = j.id AND d.client_id = j.client_id
              ORDER BY d.deleted_at DESC
              LIMIT 1)
          THEN 'needs_approval'
        ELSE 'new'
      END AS outcome
    FROM j)
SELECT line, outcome
FROM judged
