-- audit_expire(?1 before this id, ?2 limit)
DELETE FROM audit_events
WHERE id IN (SELECT id FROM audit_events WHERE id < ?1 ORDER BY id LIMIT ?2)
RETURNING 1 AS gone
