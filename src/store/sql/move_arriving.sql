-- move_arriving(?1)
-- Whom the move ?1 was to bring here, and from where, as long as it has not arrived.
SELECT move, home, json_group_array(value) AS users FROM moves WHERE move = ?1 AND state = 'arriving' AND kind = 'user' GROUP BY move, home
