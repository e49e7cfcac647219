-- directory_correct(?1, ?2)
-- The routes ?1 (JSON: [key, stamp]) lead to the home ?2 now, if they are still those that were read, and no registration is under way for them.
UPDATE routes SET home = ?2, stamp = randomblob(8) FROM json_each(?1) j
WHERE routes.key = unhex(j.value ->> 0) AND stamp = unhex(j.value ->> 1) AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.key = routes.key)
