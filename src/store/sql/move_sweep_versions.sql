-- move_sweep_versions(?1, ?2)
-- Then the history, but what was here before …
DELETE FROM backup_share_versions WHERE user_id IN (SELECT value FROM json_each(?1))
  AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND kind = 'user' AND value = backup_share_versions.user_id AND (state = 'moved' OR state = 'arriving' AND joins <> 1))
  AND NOT EXISTS (SELECT 1 FROM move_remains WHERE user_id = backup_share_versions.user_id AND what = 'version' AND place = json_array(backup_share_versions.kind, backup_share_versions.id, backup_share_versions.backup_method, backup_share_versions.stored_at, backup_share_versions.superseded_at))
