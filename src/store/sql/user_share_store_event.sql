-- user_share_store_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 backup method, ?7 API key hash, ?8 user id, ?9 client id of the credential, ?10 key id, ?11 key check, ?12 share digests, ?13 pair id, ?14 and ?15 ids of later requests, ?16 text digests)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'client', 'store_user_share', ?5, p.client_id,
  ?6,
  CASE
    WHEN p.id IS NULL AND ?7 IS NOT NULL THEN 'unauthorized'
    WHEN p.id IS NULL AND ?5 IN (?8, ?9) THEN 'unknown_user'
    WHEN p.id IS NULL OR p.id <> ?5 THEN 'forbidden'
    -- The key's id stands for other bytes here: what is sealed with these could not be opened once the right ones are
    -- back.
    WHEN EXISTS (SELECT 1 FROM key_canaries WHERE key_id = ?10 AND key_check <> ?11) THEN 'wrong_key'
    WHEN instr(?12, s.share_digest) AND s.backup_share_pair_id IS coalesce(?13, s.backup_share_pair_id) THEN 'unchanged'
    -- The history knows the share as older than the current one of its method. What comes again late (an app's
    -- outbox, another device, Portal) displaces nothing that came since.
    WHEN instr(?12, s.share_digest) IS NOT TRUE
        AND EXISTS (
            SELECT 1
            FROM (
              SELECT stored_at, share_digest
              FROM backup_share_versions
              WHERE user_id = ?5 AND client_id = p.client_id AND kind = 'user' AND method = ?6
              ORDER BY stored_at DESC
              LIMIT 20)
            WHERE instr(?12, share_digest) AND stored_at < s.updated_at)
      THEN 'unchanged'
    -- A first share replaces nothing.
    WHEN instr(?12, s.share_digest) IS NOT TRUE
        AND s.id IS NOT NULL
        AND EXISTS (SELECT 1 FROM users_over_quota WHERE id = ?5 AND kind = 'user')
        -- The other half of a backup whose custodian share was taken is always taken.
        AND NOT EXISTS (
            SELECT 1
            FROM custodian_backup_shares c
            WHERE c.user_id = ?5
              AND c.updated_at > s.updated_at
              AND (
                  c.method COLLATE NOCASE = s.method
                    OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                    OR s.method = 'UNKNOWN'))
      THEN 'over_quota'
    -- Stored by a request that began later. What else has such an id (an import may bring any) has no event of a
    -- store.
    WHEN s.id BETWEEN ?14 AND ?15 AND EXISTS (SELECT 1 FROM audit_events WHERE id = s.id AND action LIKE 'store%')
      THEN 'overtaken'
    -- It takes the place of another though no custodian share of that backup has come since. But it may be the other
    -- half of an earlier custodian share, of another pair: two devices at the same time.
    WHEN instr(?12, s.share_digest) IS NOT TRUE
        AND s.id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM custodian_backup_shares c
            WHERE c.user_id = ?5
              AND c.updated_at > s.updated_at
              AND (
                  c.method COLLATE NOCASE = s.method
                    OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                    OR s.method = 'UNKNOWN'))
        AND (
            ?13 IS s.backup_share_pair_id
              OR NOT (
                  EXISTS (
                      SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = ?5 AND c.backup_share_pair_id = ?13)
                    OR EXISTS (
                        SELECT 1
                        FROM backup_share_versions v
                        WHERE v.user_id = ?5
                          AND v.kind = 'custodian'
                          AND v.backup_share_pair_id = ?13
                          AND v.client_id = p.client_id)))
      THEN 'replaced_alone'
    WHEN EXISTS (SELECT 1 FROM user_backup_shares o WHERE o.user_id = ?5 AND instr(?16, o.text_digest) AND o.method <> ?6)
      THEN 'same_text'
    ELSE 'stored'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users p ON p.client_api_key_hash = ?7 OR p.id = ?8 OR p.client_id = ?9
LEFT JOIN user_backup_shares s ON s.user_id = ?5 AND s.method = ?6
RETURNING outcome
