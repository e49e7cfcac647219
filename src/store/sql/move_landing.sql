-- move_landing(?1)
UPDATE moves SET state = 'landing' WHERE move = ?1 AND state = 'arriving'
