-- user_give_way(?1 client id, ?2 event id)
DELETE FROM users
WHERE id = ?1 AND client_id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?2 AND outcome = 'adopted')
