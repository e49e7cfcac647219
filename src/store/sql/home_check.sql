-- home_check(?1, ?2)
-- Stops the transaction, before it has read or written anything, if this database is not the home ?1 with the identity ?2
-- (where the directory says which). A SELECT, so that a database that is full takes it as well.
SELECT json_extract('{}', iif(
  (SELECT value FROM meta WHERE name = 'home') = ?1
    AND (?2 IS NULL OR ?2 = (SELECT value FROM meta WHERE name = 'identity')),
  '$', 'the binding leads to another database')) AS checked
