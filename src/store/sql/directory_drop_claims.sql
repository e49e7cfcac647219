-- directory_drop_claims(?1, ?2, ?3, ?4)
-- The registrations ?4 (JSON) of the key ?1 can be carried out no more. Nothing if the route is not the one that was read.
DELETE FROM claims WHERE key = unhex(?1) AND claim IN (SELECT value FROM json_each(?4))
  AND EXISTS (SELECT 1 FROM routes WHERE key = unhex(?1) AND home = ?2 AND stamp = unhex(?3))
