-- compare_versions(?1, ?2): As compare_users, of the history.
WITH copy AS MATERIALIZED (SELECT value ->> 'userId' AS user_id, value ->> 'kind' AS kind, value ->> 'backupMethod' AS method, value ->> 'id' AS id,
    value ->> 'clientId' AS client_id, value ->> 'backupSharePairId' AS pair, value ->> 'keyId' AS key_id, value ->> 'shareDigest' AS digest,
    value ->> 'createdAt' AS created_at, value ->> 'storedAt' AS stored_at, value ->> 'supersededAt' AS superseded_at, value ->> 'reason' AS reason,
    value ->> 'importedAt' AS imported_at, value ->> 'sealedShare' AS sealed FROM json_each(?1)),
  asked AS MATERIALIZED (SELECT value AS id FROM json_each(?2) WHERE value NOT IN (SELECT user_id FROM changes))
SELECT c.user_id, c.kind || ' version' AS kind, c.id, iif(v.id IS NULL, 'not in the database', 'differs') AS wrong
FROM copy c JOIN asked a ON a.id = c.user_id
LEFT JOIN backup_share_versions v ON v.user_id = c.user_id AND v.kind = c.kind AND v.method = c.method AND v.stored_at = c.stored_at AND v.id = c.id
WHERE (v.id, v.client_id, v.backup_share_pair_id, v.key_id, v.share_digest, v.created_at, v.superseded_at, v.reason, v.imported_at,
    substr(v.sealed_share, 1, 24) || length(v.sealed_share) || substr(v.sealed_share, -24))
  IS NOT (c.id, c.client_id, c.pair, c.key_id, c.digest, c.created_at, c.superseded_at, c.reason, c.imported_at, c.sealed)
UNION ALL SELECT v.user_id, v.kind || ' version', v.id, 'not in the copy' FROM asked a CROSS JOIN backup_share_versions v ON v.user_id = a.id
WHERE NOT EXISTS (SELECT 1 FROM copy c WHERE c.user_id = v.user_id AND c.kind = v.kind AND c.id = v.id)
