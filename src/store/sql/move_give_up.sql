-- move_give_up(?1)
-- The move ?1 does not take place.
DELETE FROM moves WHERE move = ?1 AND state IN ('leaving', 'arriving')
