-- move_eject_windows_write(?1, ?2)
-- Writes the rows ?1 (JSON) of the move ?2, once.
INSERT OR IGNORE INTO eject_windows (user_id, id, opened_at, ejectable_until)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 FROM json_each(?1) j
WHERE true AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND state = 'landing')
