-- move_arrive(?1, ?2, ?3)
-- The members ?1 (JSON: [kind, value]) are about to arrive from the home ?3. What an interrupted move has left is known by its mark.
INSERT INTO moves (kind, value, move, state, home, until, joins)
SELECT value ->> 0, value ->> 1, ?2, 'arriving', ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), coalesce(
  (SELECT max(m.joins) FROM moves m JOIN json_each(?1) j ON m.kind = j.value ->> 0 AND m.value = j.value ->> 1 WHERE m.state = 'arriving'),
  EXISTS (SELECT 1 FROM deleted_users WHERE id IN (SELECT j.value ->> 1 FROM json_each(?1) j WHERE j.value ->> 0 = 'user'))
    OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id IN (SELECT j.value ->> 1 FROM json_each(?1) j WHERE j.value ->> 0 = 'user')))
FROM json_each(?1) WHERE true
ON CONFLICT (kind, value) DO UPDATE SET move = excluded.move, state = excluded.state, home = excluded.home, until = excluded.until,
  joins = excluded.joins
