-- escrow_states(?1): How the escrow is of each of these keys. The check tells whether it is the key that sealed the canary.
SELECT k.key_id, CASE WHEN e.value IS NULL THEN 'missing' WHEN e.value ->> 'check' = k.key_check THEN 'kept' ELSE 'another' END AS state
FROM key_canaries k LEFT JOIN meta e ON e.name = 'escrow/' || k.key_id
WHERE k.key_id IN (SELECT value FROM json_each(?1))
