-- changes_copied(?1): The notes whose numbers and times stand in the JSON array ?1, pair by pair, have their objects.
-- The time too: in a database that went back, a later note may have the number of one that was copied.
DELETE FROM changes WHERE seq IN (SELECT value ->> 0 FROM json_each(?1)) AND at IN (SELECT value ->> 1 FROM json_each(?1))
