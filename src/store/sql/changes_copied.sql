-- changes_copied(?1, ?2, ?3): The notes whose numbers and times stand in the JSON array ?1, pair by pair, have their objects. The head of the copy is in the epoch ?2, at the
-- number ?3: a database that was not told so went back in time, and its notes wait for the next epoch.
-- The time too: in a database that went back, a later note may have the number of one that was copied.
DELETE FROM changes WHERE seq IN (SELECT value ->> 0 FROM json_each(?1)) AND at IN (SELECT value ->> 1 FROM json_each(?1))
  AND (cast(coalesce((SELECT value FROM meta WHERE name = 'copy_epoch'), '0') AS INTEGER),
    cast(coalesce((SELECT value FROM meta WHERE name = 'copy_told'), '0') AS INTEGER)) >= (?2, ?3)
