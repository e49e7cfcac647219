-- changes_again(?1): The shares of the notes up to the number ?1 are noted once more. The database went back in time, and these notes waited when it was as old as now: their
-- objects may have been made in the past that is lost, and tell what became of the share there, such as another key.
-- One that has a note behind that number needs none: a run may break off, and the next one comes here again.
INSERT INTO changes (at, user_id, what, kind, backup_method, version_id, record)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), n.user_id, iif(coalesce(c.id, s.id) IS NULL, 'version', 'share'), n.kind, n.backup_method,
  n.version_id, json_object('storedAt', n.record ->> 'storedAt')
FROM changes n
LEFT JOIN custodian_backup_shares c ON n.kind = 'custodian' AND c.user_id = n.user_id AND c.method = n.backup_method AND c.id = n.version_id
LEFT JOIN user_backup_shares s ON n.kind = 'user' AND s.user_id = n.user_id AND s.method = n.backup_method AND s.id = n.version_id
WHERE n.seq <= ?1 AND n.what IN ('share', 'version') AND n.version_id IS NOT NULL
  AND (n.user_id, n.kind, n.version_id) NOT IN (
    SELECT m.user_id, m.kind, m.version_id FROM changes m WHERE m.seq > ?1 AND m.what IN ('share', 'version') AND m.version_id IS NOT NULL)
GROUP BY n.user_id, n.kind, n.version_id
ORDER BY n.seq
