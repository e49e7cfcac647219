-- custodian_store_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 client id, ?6 backup method, ?7 key id, ?8 key check, ?9 share digests, ?10 pair id, ?11 and ?12 ids of later requests, ?13 whether unknown clients are registered)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'portal', 'store_custodian_share', u.id, ?5, ?6,
  CASE
    WHEN u.id IS NULL
      THEN iif(?13 AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?5), 'too_many_clients', 'unknown_client')
    -- The key's id stands for other bytes here: what is sealed with these could not be opened once the right ones are
    -- back.
    WHEN EXISTS (SELECT 1 FROM key_canaries WHERE key_id = ?7 AND key_check <> ?8) THEN 'wrong_key'
    WHEN instr(?9, c.share_digest) AND c.backup_share_pair_id IS coalesce(?10, c.backup_share_pair_id) THEN 'unchanged'
    -- The history knows the share as older than the current one of its method. What comes again late (an app's
    -- outbox, another device, Portal) displaces nothing that came since.
    WHEN instr(?9, c.share_digest) IS NOT TRUE
        AND EXISTS (
            SELECT 1
            FROM (
              SELECT stored_at, share_digest
              FROM backup_share_versions
              WHERE user_id = u.id AND client_id = u.client_id AND kind = 'custodian' AND method = ?6
              ORDER BY stored_at DESC
              LIMIT 20)
            WHERE instr(?9, share_digest) AND stored_at < c.updated_at)
      THEN 'unchanged'
    -- A first share replaces nothing.
    WHEN instr(?9, c.share_digest) IS NOT TRUE
        AND c.id IS NOT NULL
        AND EXISTS (SELECT 1 FROM users_over_quota WHERE id = u.id AND kind = 'custodian')
        -- The other curve of a backup whose share was taken is always taken: that share came after this one's, and what was replaced before
        -- it was within the limit. So each method has one such share a day.
        AND NOT EXISTS (
            SELECT 1
            FROM custodian_backup_shares o
            WHERE o.user_id = u.id
              AND o.updated_at > c.updated_at
              AND rtrim(o.method, replace(o.method, '-', '')) = rtrim(c.method, replace(c.method, '-', '')) COLLATE NOCASE
              AND instr(c.method, '-') > 0
              AND (
                  SELECT coalesce(sum(max(octet_length(sealed_share), 16384)), 0)
                  FROM backup_share_versions
                  WHERE user_id = u.id
                    AND client_id = u.client_id
                    AND reason = 'replaced'
                    AND kind = 'custodian'
                    AND superseded_at > max(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day'), coalesce(u.quota_released_at, ''))
                    AND superseded_at < o.updated_at) <= 67108864)
      THEN 'over_quota'
    -- Stored by a request that began later. What else has such an id (an import may bring any) has no event of a
    -- store.
    WHEN c.id BETWEEN ?11 AND ?12 AND EXISTS (SELECT 1 FROM audit_events WHERE id = c.id AND action LIKE 'store%')
      THEN 'overtaken'
    ELSE 'stored'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.client_id = ?5
LEFT JOIN custodian_backup_shares c ON c.user_id = u.id AND c.method = ?6
RETURNING outcome
