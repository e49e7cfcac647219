-- move_drop_events(?1)
-- The events ?1 (JSON, ids) are in the other home.
DELETE FROM audit_events WHERE id IN (SELECT value FROM json_each(?1))
