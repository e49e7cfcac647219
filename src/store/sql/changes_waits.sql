-- changes_waits(?1, ?2)
SELECT 1 FROM changes WHERE user_id = ?1 AND version_id = ?2
UNION ALL SELECT 1 WHERE (SELECT value FROM meta WHERE name = 'copying') IS NOT 'done'
LIMIT 1
