-- compare_user(?1, ?2): As compare_users, of current user shares. Objects from before they told the marks are compared without them.
WITH copy AS MATERIALIZED (SELECT value ->> 'userId' AS user_id, value ->> 'backupMethod' AS method, value ->> 'id' AS id,
    value ->> 'backupSharePairId' AS pair, value ->> 'keyId' AS key_id, value ->> 'shareDigest' AS digest, value ->> 'createdAt' AS created_at,
    value ->> 'storedAt' AS stored_at, value ->> 'sealedShare' AS sealed,
    json_type(value, '$.textDigest') IS NOT NULL AS tells_marks, value ->> 'replacedAloneAt' AS alone_at, value ->> 'textDigest' AS text_digest FROM json_each(?1)),
  asked AS MATERIALIZED (SELECT value AS id FROM json_each(?2) WHERE value NOT IN (SELECT user_id FROM changes))
SELECT c.user_id, 'user' AS kind, c.id, iif(t.id IS NULL, 'not in the database', 'differs') AS wrong
FROM copy c JOIN asked a ON a.id = c.user_id
LEFT JOIN user_backup_shares t ON t.user_id = c.user_id AND t.method = c.method AND t.id = c.id
WHERE (t.id, t.backup_method, t.backup_share_pair_id, t.key_id, t.share_digest, t.created_at, t.updated_at,
    substr(t.sealed_share, 1, 24) || length(t.sealed_share) || substr(t.sealed_share, -24))
  IS NOT (c.id, c.method, c.pair, c.key_id, c.digest, c.created_at, c.stored_at, c.sealed)
  OR c.tells_marks AND (t.replaced_alone_at, t.text_digest) IS NOT (c.alone_at, c.text_digest)
UNION ALL SELECT t.user_id, 'user', t.id, 'not in the copy' FROM asked a CROSS JOIN user_backup_shares t ON t.user_id = a.id
WHERE NOT EXISTS (SELECT 1 FROM copy c WHERE c.user_id = t.user_id AND t.method = c.method AND c.id = t.id)
