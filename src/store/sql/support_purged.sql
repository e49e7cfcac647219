-- support_purged(?1)
-- When the user ?1 was purged last.
SELECT at FROM audit_events WHERE user_id = ?1 AND action = 'purge_user' AND outcome = 'purged' ORDER BY id DESC LIMIT 1
