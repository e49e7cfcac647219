-- home_check_alone()
-- Stops the transaction if this database is one of many, and the Worker does not know it.
SELECT json_extract('{}', iif(EXISTS (SELECT 1 FROM meta WHERE name = 'spread'),
  'the binding DIRECTORY is missing', '$')) AS checked
