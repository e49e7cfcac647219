-- move_stops(?1)
-- Stops the transaction of a change of the user ?1 that leaves no event, as the trigger audit_events_of_moves stops those that leave one: the user is
-- being copied, or its authority is another home.
SELECT json_extract('{}', iif(state = 'leaving', 'the user is moving', 'the user has moved')) AS stopped
FROM moves
WHERE kind = 'user' AND value = ?1
  AND (state IN ('moved', 'arriving') OR state = 'leaving' AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
