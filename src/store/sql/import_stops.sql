-- import_stops(?1 items as JSON)
-- Stops the import of a user whose authority is another home, also where no event would tell: of what is arriving here nothing is there yet.
SELECT json_extract('{}', 'the user has moved') AS stopped FROM moves
WHERE state IN ('moved', 'arriving') AND (kind, value) IN (
  SELECT 'user', value ->> 'id' FROM json_each(?1) UNION ALL SELECT 'client', value ->> 'clientId' FROM json_each(?1))
