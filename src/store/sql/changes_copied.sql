-- changes_copied(?1, ?2, ?3): The notes whose numbers, times and epochs stand in the JSON array ?1 have their objects. The head of the copy is in the epoch ?2, at the
-- number ?3: a database that was not told so went back in time, and its notes wait for the next epoch. So they do where the bucket is one of before
-- (a Worker that has not heard of the new one writes there). ?2 is 0 where there is no head: a bucket of which the database was told a number has one, so
-- this is another bucket, and the one of before lacks what is put there.
-- The time too: in a database that went back, a later note may have the number of one that was copied.
-- The epoch too: an object that came after its epoch's end counts as lost, so its note waits for one in the next epoch.
DELETE FROM changes WHERE seq IN (SELECT value ->> 0 FROM json_each(?1)
    WHERE value ->> 2 = cast(coalesce((SELECT value FROM meta WHERE name = 'copy_epoch'), '0') AS INTEGER))
  AND at IN (SELECT value ->> 1 FROM json_each(?1))
  AND (?2 = cast(coalesce((SELECT value FROM meta WHERE name = 'copy_epoch'), '0') AS INTEGER)
    OR ?2 = 0 AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'copy_told' AND cast(value AS INTEGER) > 0))
  AND ?3 <= cast(coalesce((SELECT value FROM meta WHERE name = 'copy_told'), '0') AS INTEGER)
