-- move_note_purged(?1)
-- The users among ?1 (JSON: [kind, value]) have left this home and were erased at the other: their copy here is erased too. Noted wherever there
-- ever was one, as by purged_note.
INSERT INTO changes (at, user_id, what, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), m.value, 'purged', json_object('clientId', c.value)
FROM json_each(?1) j
JOIN moves m ON m.kind = 'user' AND j.value ->> 0 = 'user' AND m.value = j.value ->> 1 AND m.state = 'moved'
JOIN moves c ON c.move = m.move AND c.kind = 'client'
WHERE EXISTS (SELECT 1 FROM meta WHERE name = 'copy_epoch')
