-- pairs_sample(?1)
-- The next ?1 users behind the one whose client Portal was asked about last, and, behind the last of all, the first again.
WITH place (id) AS (SELECT coalesce((SELECT value FROM meta WHERE name = 'portal_pairs'), ''))
SELECT * FROM (SELECT u.id, u.client_id FROM users u WHERE u.id > (SELECT id FROM place) ORDER BY u.id LIMIT ?1)
UNION ALL SELECT * FROM (SELECT u.id, u.client_id FROM users u WHERE u.id <= (SELECT id FROM place) ORDER BY u.id LIMIT ?1)
LIMIT ?1
