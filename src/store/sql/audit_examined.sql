-- audit_examined(?1 before this id, ?2 from this id, ?3 how many)
SELECT min(id) AS id, count(*) AS examined
FROM (SELECT id FROM audit_events WHERE id < ?1 AND id >= ?2 ORDER BY id DESC LIMIT ?3)
