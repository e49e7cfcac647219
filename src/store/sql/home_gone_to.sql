-- home_gone_to(?1, ?2)
-- Where the ?1 ?2 is, if its authority is not this home; whether it has left this one for good; and all marks of its move (JSON).
SELECT home, move, state = 'moved' AS has_left,
  (SELECT json_group_array(json_array(kind, value, move, until)) FROM moves WHERE move = m.move) AS marks
FROM moves m WHERE kind = ?1 AND value = ?2 AND state IN ('moved', 'arriving')
