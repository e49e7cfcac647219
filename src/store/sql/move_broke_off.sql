-- move_broke_off(?1)
-- Tells the second copy that a move has not brought the user ?1: this home forgot the move when it was lost, or went back in time.
INSERT INTO changes (at, user_id, what, record) VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?1, 'removed', '{"reason":"broke off"}')
