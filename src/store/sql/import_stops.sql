-- import_stops(?1 items as JSON)
-- Stops the import of a user whose authority is another home, also where no event would tell: of what is arriving here nothing is there yet.
SELECT json_extract('{}', iif(m.state IN ('moved', 'arriving'), 'the user has moved', '$')) AS stopped
FROM (
  SELECT 'user' AS kind, value ->> 'id' AS value FROM json_each(?1)
  UNION ALL SELECT 'client', value ->> 'clientId' FROM json_each(?1)) AS j
CROSS JOIN moves m ON m.kind = j.kind AND m.value = j.value
