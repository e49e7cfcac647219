-- rebuild_custodian(?1): Current custodian shares of the copy (the JSON array ?1). One that the database has in the history, or has a newer one in the place of, was displaced there.
INSERT INTO custodian_backup_shares AS c (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share)
SELECT j.value ->> 'id', u.id, j.value ->> 'backupMethod', j.value ->> 'backupSharePairId', j.value ->> 'keyId', j.value ->> 'shareDigest',
  j.value ->> 'createdAt', j.value ->> 'storedAt', j.value ->> 'sealedShare'
FROM json_each(?1) j JOIN users u ON u.id = j.value ->> 'userId' AND u.client_id = j.value ->> 'clientId'
WHERE NOT EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = u.id AND v.kind = 'custodian'
  AND v.method = j.value ->> 'backupMethod' AND v.stored_at = j.value ->> 'storedAt' AND v.id = j.value ->> 'id')
  AND u.id NOT IN (SELECT user_id FROM merge_leaves_out)
ON CONFLICT DO UPDATE SET id = excluded.id, backup_method = excluded.backup_method, backup_share_pair_id = excluded.backup_share_pair_id,
  key_id = excluded.key_id, share_digest = excluded.share_digest, updated_at = excluded.updated_at, sealed_share = excluded.sealed_share
WHERE c.id <> excluded.id AND c.updated_at < excluded.updated_at
