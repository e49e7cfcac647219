-- custodian_same(?1 event id, ?2 share digests): the stored copies of the share that the request brought, to see whether they open.
-- If the request changed nothing: the current one, and those of the history as far back as the event looked.
-- If it stored the share once more, in the place of an older one: those of the history. A recovery may take any of them. A store takes the time of
-- such a share from the history: by that time it is known here.
SELECT e.user_id, s.backup_method, s.key_id, s.sealed_share
FROM audit_events e
JOIN custodian_backup_shares s ON s.user_id = e.user_id AND s.method = e.backup_method
WHERE e.id = ?1 AND e.outcome = 'unchanged' AND instr(?2, s.share_digest)
UNION ALL SELECT e.user_id, v.backup_method, v.key_id, v.sealed_share
FROM audit_events e
JOIN backup_share_versions v ON v.rowid IN (
    SELECT n.rowid
    FROM backup_share_versions n
    WHERE n.user_id = e.user_id AND n.client_id = e.client_id AND n.kind = 'custodian' AND n.method = e.backup_method
    ORDER BY n.stored_at DESC
    LIMIT 20)
WHERE e.id = ?1
  AND (
      e.outcome = 'unchanged'
        OR EXISTS (
            SELECT 1
            FROM custodian_backup_shares s
            JOIN backup_share_versions t ON t.user_id = s.user_id
              AND t.kind = 'custodian'
              AND t.method = s.method
              AND t.stored_at = s.updated_at
            WHERE s.user_id = e.user_id AND s.method = e.backup_method))
  AND instr(?2, v.share_digest)
