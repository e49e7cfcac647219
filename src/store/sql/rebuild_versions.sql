-- rebuild_versions(?1): Versions of the copy (the JSON array ?1) that the database has neither in the history nor as current shares. One without the time at which it was
-- superseded is current in the copy: the database has a newer one.
INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id, share_digest, created_at, stored_at,
  superseded_at, reason, sealed_share, imported_at)
SELECT j.value ->> 'id', j.value ->> 'userId', j.value ->> 'clientId', j.value ->> 'kind', j.value ->> 'backupMethod', j.value ->> 'backupSharePairId',
  j.value ->> 'keyId', j.value ->> 'shareDigest', j.value ->> 'createdAt', j.value ->> 'storedAt',
  coalesce(j.value ->> 'supersededAt', max(j.value ->> 'storedAt', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))),
  coalesce(j.value ->> 'reason', 'replaced'), j.value ->> 'sealedShare', j.value ->> 'importedAt'
FROM json_each(?1) j
WHERE NOT EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = j.value ->> 'userId' AND v.kind = j.value ->> 'kind'
    AND v.method = j.value ->> 'backupMethod' AND v.stored_at = j.value ->> 'storedAt' AND v.id = j.value ->> 'id')
  AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = j.value ->> 'userId'
    AND c.method = j.value ->> 'backupMethod' AND c.id = j.value ->> 'id' AND j.value ->> 'kind' = 'custodian')
  AND NOT EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = j.value ->> 'userId'
    AND s.method = j.value ->> 'backupMethod' AND s.id = j.value ->> 'id' AND j.value ->> 'kind' = 'user')
  AND j.value ->> 'userId' NOT IN (SELECT user_id FROM merge_leaves_out)
