-- deleted_users_expire(?1 days of retention)
DELETE FROM deleted_users
WHERE deleted_at < strftime('%Y-%m-%dT%H:%M:%fZ', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '-' || ?1 || ' days')
