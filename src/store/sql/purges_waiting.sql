-- purges_waiting()
SELECT user_id AS userId, client_id AS clientId, requested_at AS requestedAt, purge_at AS purgeAt
FROM purges
ORDER BY purge_at
LIMIT 100
