-- home_gone_to(?1, ?2)
-- Where the ?1 ?2 is, if its authority is not this home; and whether it has left this one for good.
SELECT home, move, state = 'moved' AS has_left FROM moves WHERE kind = ?1 AND value = ?2 AND state IN ('moved', 'arriving')
