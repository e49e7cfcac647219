-- move_sweep_purges(?1, ?2)
-- … and the purges that wait …
DELETE FROM purges WHERE user_id IN (SELECT value FROM json_each(?1))
  AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND kind = 'user' AND value = purges.user_id AND (state = 'moved' OR state = 'arriving' AND joins <> 1))
  AND NOT EXISTS (SELECT 1 FROM move_remains WHERE user_id = purges.user_id AND what = 'purge' AND place = purges.client_id)
