-- timeline_eject(?1 user id)
SELECT ejectable_until
FROM eject_windows
WHERE user_id = ?1 AND ejectable_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
