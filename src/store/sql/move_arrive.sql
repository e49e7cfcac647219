-- move_arrive(?1, ?2, ?3)
-- The members ?1 (JSON: [kind, value]) are about to arrive from the home ?3: unless one of them is a user here, or is just leaving. What an
-- interrupted move has left is known by its mark. joins: 2 if the user has remains here, which move_remains lists then.
INSERT INTO moves (kind, value, move, state, home, until, joins)
SELECT value ->> 0, value ->> 1, ?2, 'arriving', ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
  iif(value ->> 0 = 'user' AND (EXISTS (SELECT 1 FROM deleted_users WHERE id = value ->> 1)
    OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = value ->> 1)
    OR EXISTS (SELECT 1 FROM approvals WHERE user_id = value ->> 1)), 2, 0)
FROM json_each(?1)
WHERE NOT EXISTS (SELECT 1 FROM json_each(?1) j JOIN users u ON u.id = iif(j.value ->> 0 = 'user', j.value ->> 1, NULL)
    WHERE NOT EXISTS (SELECT 1 FROM moves m WHERE m.kind = 'user' AND m.value = u.id AND m.state = 'arriving'))
  AND NOT EXISTS (SELECT 1 FROM json_each(?1) j JOIN users u ON u.client_id = iif(j.value ->> 0 = 'client', j.value ->> 1, NULL)
    WHERE NOT EXISTS (SELECT 1 FROM moves m WHERE m.kind = 'user' AND m.value = u.id AND m.state = 'arriving'))
  AND NOT EXISTS (SELECT 1 FROM json_each(?1) j JOIN moves m ON m.kind = j.value ->> 0 AND m.value = j.value ->> 1
    WHERE m.state = 'leaving' AND m.until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
ON CONFLICT (kind, value) DO UPDATE SET move = excluded.move, state = excluded.state, home = excluded.home, until = excluded.until,
  joins = iif(moves.state = 'arriving', moves.joins, excluded.joins)
