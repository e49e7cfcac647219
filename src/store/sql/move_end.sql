-- move_end(?1, ?2)
-- How the move ?1 from this home ended: 'moved', 'broke off', or NULL where it goes on, or this home does not know of it. ?2: the target's marks (JSON: [kind,
-- value, move, time]). A home that was rebuilt from its copy since (rebuilt_at) knows no move of before, but it has not given up whom it got back.
SELECT CASE
  WHEN EXISTS (SELECT 1 FROM moves WHERE move = ?1 AND state = 'moved') THEN 'moved'
  WHEN EXISTS (SELECT 1 FROM ended_moves WHERE move = ?1) THEN 'broke off'
  WHEN EXISTS (SELECT 1 FROM moves WHERE move = ?1 AND state = 'leaving' AND until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) THEN 'broke off'
  WHEN EXISTS (SELECT 1 FROM json_each(?2) j CROSS JOIN meta r ON r.name = 'rebuilt_at' AND j.value ->> 0 = 'user' AND j.value ->> 3 < r.value
    WHERE EXISTS (SELECT 1 FROM users WHERE id = j.value ->> 1) OR EXISTS (SELECT 1 FROM deleted_users WHERE id = j.value ->> 1)
      OR EXISTS (SELECT 1 FROM audit_events WHERE user_id = j.value ->> 1 AND action = 'purge_user' AND outcome = 'purged')) THEN 'broke off'
END AS ended
