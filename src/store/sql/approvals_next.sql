-- approvals_next(?1 after this id, ?2 limit of the page)
SELECT 1
FROM approvals
WHERE id > ?1 AND decision IS NULL AND expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
ORDER BY id
LIMIT 1 OFFSET ?2
