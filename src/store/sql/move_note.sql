-- move_note(?1, ?2)
-- Tells the second copy how far the move ?1 of users is, in this home. ?2: 'arriving' before their rows come, then 'arrived' or 'broke off'; 'left' where the
-- home has given them up. hasLeft: nothing of the user is here any more; where the user had remains here (joins), they stay. Removals that are told
-- beside it say nothing once this home goes back to before them.
INSERT INTO changes (at, user_id, what, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), value, 'removed',
  json_object('reason', ?2, 'id', move, 'backupMethod', cast(home AS TEXT), 'hasLeft', ?2 = 'left' OR ?2 = 'broke off' AND joins = 0)
FROM moves WHERE move = ?1 AND kind = 'user' AND state = iif(?2 = 'left', 'moved', 'arriving') AND EXISTS (SELECT 1 FROM copying)
