-- move_state(?1)
-- How far the move ?1 is here.
SELECT state FROM moves WHERE move = ?1 LIMIT 1
