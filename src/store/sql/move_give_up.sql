-- move_give_up(?1)
-- The move ?1 does not take place. A mark of an older Worker (joins: 1) stays: which rows came with its move is not known.
DELETE FROM moves WHERE move = ?1 AND state IN ('leaving', 'arriving') AND joins <> 1
