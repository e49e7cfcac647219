-- move_lease(?1, ?2, ?3)
-- Begins a move of the members ?1 (JSON: [kind, value]) to the home ?3, unless another one is under way.
INSERT INTO moves (kind, value, move, state, home, until)
SELECT value ->> 0, value ->> 1, ?2, 'leaving', ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+30 seconds') FROM json_each(?1)
WHERE NOT EXISTS (SELECT 1 FROM moves m JOIN json_each(?1) j ON m.kind = j.value ->> 0 AND m.value = j.value ->> 1
  WHERE m.move <> ?2 AND m.state IN ('arriving', 'moved')
    OR m.move <> ?2 AND m.state = 'leaving' AND m.until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
ON CONFLICT (kind, value) DO UPDATE SET move = excluded.move, state = excluded.state, home = excluded.home, until = excluded.until
