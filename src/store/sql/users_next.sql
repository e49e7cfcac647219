-- users_next(?1 after this id, ?2 limit of the page, ?3 beginning of the id)
SELECT 1 FROM users WHERE id > ?1 AND id >= ?3 AND id < ?3 || char(1114111) ORDER BY id LIMIT 1 OFFSET ?2
