-- custodian_store(?1 event id, ?2 client id, ?3 backup method, ?4 pair id, ?5 key id, ?6 share digest, ?7 sealed share, ?8 share digests)
INSERT INTO custodian_backup_shares (
  id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share)
SELECT ?1, u.id, ?3, ?4, ?5, ?6, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
  -- Later than all that the user has. Unless one of the twenty newest versions of its method holds the same share:
  -- what comes again late is still of the backup that it came with first.
  coalesce(
    (
        SELECT stored_at
        FROM (
          SELECT stored_at, share_digest
          FROM backup_share_versions
          WHERE user_id = u.id AND client_id = u.client_id AND kind = 'custodian' AND method = ?3
          ORDER BY stored_at DESC
          LIMIT 20)
        WHERE instr(?8, share_digest)),
      (SELECT at FROM store_times WHERE user_id = u.id)),
  ?7
FROM users u
WHERE u.client_id = ?2 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?1 AND outcome = 'stored')
ON CONFLICT DO UPDATE
SET id = iif(instr(?8, share_digest), id, ?1), backup_method = ?3, backup_share_pair_id = ?4, key_id = ?5,
  share_digest = ?6, updated_at = iif(instr(?8, share_digest), updated_at, excluded.updated_at), sealed_share = ?7
