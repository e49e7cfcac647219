-- webhook_register(?1 client id, ?2 most a day)
INSERT INTO users (id, client_id, made_by_webhook, created_at)
SELECT ?1, ?1, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE coalesce((SELECT users FROM webhook_registrations WHERE day = date('now')), 0) < ?2
ON CONFLICT DO NOTHING
