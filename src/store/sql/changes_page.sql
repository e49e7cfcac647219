-- changes_page(?1, ?2, ?3, ?4, ?5, ?6, ?7): The next notes of changes, each with its object. ?1: behind this number; a negative one: among the last so many. ?2, ?3: of the user with this id or
-- client id, else of all. At most ?4 of them, and at most the one that takes them over ?5 bytes of sealed text.
-- Of the version ?6, sealed under the key ?7, whoever asks has the sealed text: the object ends with null in its place, and is_own is 1.
-- A page of all notes ends with one that tells that a move is bringing or has taken somebody: its object is there before those behind it.
-- A share is where its version is now: current, else in the history. Where it is nowhere any more the object has none, but still tells what it displaced.
WITH notes AS (
  SELECT * FROM changes
  WHERE seq > iif(?1 < 0, (SELECT max(seq) FROM changes) + ?1, ?1)
    AND (coalesce(?2, ?3) IS NULL OR user_id = coalesce(?2, (SELECT id FROM users WHERE client_id = ?3)))
  ORDER BY seq LIMIT ?4
), found AS (
  SELECT n.*, c.rowid AS custodian_row, s.rowid AS user_row, v.rowid AS version_row,
    coalesce(octet_length(c.sealed_share), octet_length(s.sealed_share), octet_length(v.sealed_share), 0) AS size,
    coalesce(n.record ->> 'reason' IN ('arriving', 'left'), 0) AS is_move,
    n.version_id = ?6 AND coalesce(c.key_id, s.key_id, v.key_id) = ?7 AS is_own
  FROM notes n
  LEFT JOIN custodian_backup_shares c ON n.what = 'share' AND n.kind = 'custodian' AND c.user_id = n.user_id
    AND c.method = n.backup_method AND c.id = n.version_id
  LEFT JOIN user_backup_shares s ON n.what = 'share' AND n.kind = 'user' AND s.user_id = n.user_id
    AND s.method = n.backup_method AND s.id = n.version_id
  LEFT JOIN backup_share_versions v ON n.what IN ('share', 'version') AND c.id IS NULL AND s.id IS NULL
    AND v.rowid = (SELECT w.rowid FROM backup_share_versions w WHERE w.user_id = n.user_id AND w.kind = n.kind
      AND w.method = n.backup_method AND w.stored_at = n.record ->> 'storedAt' AND w.id = n.version_id LIMIT 1)
), page AS (
  SELECT *, sum(size) OVER (ORDER BY seq) - size AS bytes_before, sum(is_move) OVER (ORDER BY seq) - is_move AS moves_before FROM found
)
SELECT p.seq, p.user_id, p.what, p.at, p.version_id, coalesce(c.key_id, s.key_id, v.key_id) AS key_id, m.epoch, CASE
    WHEN p.what NOT IN ('share', 'version') THEN json_insert(coalesce(p.record, '{}'), '$.seq', p.seq, '$.epoch', m.epoch,
      '$.identity', m.identity, '$.what', p.what, '$.at', p.at, '$.type', iif(p.kind IS NULL, 'user', p.kind || 'BackupShare'),
      '$.userId', p.user_id, '$.kind', p.kind, '$.backupMethod', p.backup_method, '$.id', p.version_id)
    WHEN v.id IS NOT NULL THEN json_object('seq', p.seq, 'epoch', m.epoch, 'identity', m.identity, 'what', p.what, 'at', p.at,
      'type', v.kind || 'BackupShare', 'kind', v.kind, 'id', v.id, 'userId', v.user_id, 'clientId', v.client_id,
      'backupMethod', v.backup_method, 'backupSharePairId', v.backup_share_pair_id, 'createdAt', v.created_at,
      'storedAt', v.stored_at, 'supersededAt', v.superseded_at, 'reason', v.reason, 'importedAt', v.imported_at,
      'displaced', p.record ->> 'displaced', 'displacedAt', p.record ->> 'displacedAt',
      'keyId', v.key_id, 'shareDigest', v.share_digest, 'sealedShare', iif(p.is_own, NULL, v.sealed_share))
    WHEN p.what = 'share' THEN json_object('seq', p.seq, 'epoch', m.epoch, 'identity', m.identity,
      'what', p.what, 'at', p.at, 'type', p.kind || 'BackupShare', 'kind', p.kind, 'id', p.version_id, 'userId', p.user_id,
      'clientId', coalesce((SELECT client_id FROM users WHERE id = p.user_id), ''), 'backupMethod', p.backup_method,
      'backupSharePairId', coalesce(c.backup_share_pair_id, s.backup_share_pair_id),
      'createdAt', coalesce(c.created_at, s.created_at), 'storedAt', coalesce(c.updated_at, s.updated_at),
      'displaced', p.record ->> 'displaced', 'displacedAt', p.record ->> 'displacedAt', 'keyId', coalesce(c.key_id, s.key_id),
      'shareDigest', coalesce(c.share_digest, s.share_digest), 'replacedAloneAt', s.replaced_alone_at, 'textDigest', s.text_digest,
      'sealedShare', iif(p.is_own, NULL, coalesce(c.sealed_share, s.sealed_share)))
    END AS body, p.is_own
FROM page p
CROSS JOIN (SELECT cast(coalesce((SELECT value FROM meta WHERE name = 'copy_epoch'), '0') AS INTEGER) AS epoch,
  coalesce((SELECT value FROM meta WHERE name = 'copied_as'), (SELECT value FROM meta WHERE name = 'identity')) AS identity) m
LEFT JOIN custodian_backup_shares c ON c.rowid = p.custodian_row
LEFT JOIN user_backup_shares s ON s.rowid = p.user_row
LEFT JOIN backup_share_versions v ON v.rowid = p.version_row
WHERE p.bytes_before < ?5 AND (p.moves_before = 0 OR coalesce(?2, ?3) IS NOT NULL)
ORDER BY p.seq
