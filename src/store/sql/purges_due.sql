-- purges_due(?1 limit)
SELECT user_id, client_id
FROM purges
WHERE purge_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
ORDER BY purge_at
LIMIT ?1
