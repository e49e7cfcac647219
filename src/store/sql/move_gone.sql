-- move_gone(?1)
-- Those of the marks ?1 (JSON: [kind, value, move, time]) behind which nobody stands here, and nobody has moved on from here. Not those whose
-- move this home does not know: it went back in time, so that they are not here tells nothing. The move's event does not tell, for it may come late.
SELECT j.value AS mark FROM json_each(?1) j
WHERE NOT iif(j.value ->> 0 = 'client',
    EXISTS (SELECT 1 FROM users WHERE client_id = j.value ->> 1) OR EXISTS (SELECT 1 FROM deleted_users WHERE client_id = j.value ->> 1),
    EXISTS (SELECT 1 FROM users WHERE id = j.value ->> 1) OR EXISTS (SELECT 1 FROM deleted_users WHERE id = j.value ->> 1)
      OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = j.value ->> 1))
  AND NOT EXISTS (SELECT 1 FROM moves m WHERE m.kind = j.value ->> 0 AND m.value = j.value ->> 1)
  AND EXISTS (SELECT 1 FROM arrivals WHERE move = j.value ->> 2)
