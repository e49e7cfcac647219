-- adopt_forget_user(?1 user id, ?2 client id, ?3 event id)
DELETE FROM deleted_users AS d
WHERE d.id = ?2 AND d.client_id = ?2 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'adopted')
