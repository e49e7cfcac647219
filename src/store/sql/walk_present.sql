-- walk_present(?1)
-- Behind which of the keys ?1 (JSON: [kind, value]) a user is here: their places among them.
SELECT j.key AS place FROM json_each(?1) j
WHERE CASE j.value ->> 0 WHEN 'client' THEN EXISTS (SELECT 1 FROM users WHERE client_id = j.value ->> 1)
    WHEN 'user' THEN EXISTS (SELECT 1 FROM users WHERE id = j.value ->> 1)
    ELSE EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = j.value ->> 1) END
  AND NOT EXISTS (SELECT 1 FROM moves m WHERE m.kind = j.value ->> 0 AND m.value = j.value ->> 1 AND m.state = 'arriving')
