-- move_landed(?1)
UPDATE moves SET state = 'arriving' WHERE move = ?1 AND state = 'landing'
