-- move_note_left(?1)
-- What the home has of the users of the move ?1 goes: they are another home's, or still are. Told to the second copy beside the removals, which say
-- nothing once this home goes back to before them. Where the user has remains here (joins), they stay.
INSERT INTO changes (at, user_id, what, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), value, 'removed', json_object('hasLeft', 1) FROM moves m
WHERE move = ?1 AND kind = 'user' AND (state = 'moved' OR state = 'arriving' AND joins = 0) AND EXISTS (SELECT 1 FROM copying)
  AND (EXISTS (SELECT 1 FROM users WHERE id = m.value) OR EXISTS (SELECT 1 FROM deleted_users WHERE id = m.value)
    OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = m.value))
