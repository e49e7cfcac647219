-- deleted_users_expire(?1 days of retention)
-- The shares of an imported deletion are kept for the retention, counted from the import. As long as they are there, the deletion can be undone.
DELETE FROM deleted_users AS d
WHERE d.deleted_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?1 || ' days')
  AND NOT EXISTS (
        SELECT 1
        FROM backup_share_versions v
        WHERE v.user_id = d.id
          AND v.client_id = d.client_id
          AND v.imported_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?1 || ' days'))
