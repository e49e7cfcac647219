-- changes_copied(?1): The notes in the JSON array ?1 have their objects.
DELETE FROM changes WHERE seq IN (SELECT value FROM json_each(?1))
