-- export_page(?1 user id, ?2 part, ?3 method, ?4 time, ?5 id of the record before, ?6 when the export began, in ms, ?7 most users, ?8 most records, ?9 most characters, ?10 characters of a record besides its share, ?11 what was noted of the user before)
WITH ids AS (
    SELECT id
    FROM (SELECT id FROM users WHERE id >= ?1 ORDER BY id LIMIT ?7)
    UNION SELECT user_id
    FROM (SELECT DISTINCT user_id FROM backup_share_versions WHERE user_id >= ?1 ORDER BY user_id LIMIT ?7)
    UNION SELECT id
    FROM (SELECT DISTINCT id FROM deleted_users WHERE id >= ?1 ORDER BY id LIMIT ?7)
    ORDER BY 1
    LIMIT ?7),
  -- From the indexes alone: only records that fit are then read.
  places AS (
    SELECT u.id AS user_id, 0 AS part, '' AS method, '' AS at, '' AS id, u.rowid AS row, 'user' AS source, 0 AS size
    FROM ids
    CROSS JOIN users u ON u.id = ids.id
    UNION ALL SELECT d.id, 0, '', d.deleted_at, d.client_id, 0, 'deleted', 0
    FROM ids
    CROSS JOIN deleted_users d ON d.id = ids.id
    UNION ALL SELECT c.user_id, 1, lower(c.backup_method), c.updated_at, c.id, c.rowid, 'custodian',
      octet_length(c.sealed_share)
    FROM ids
    CROSS JOIN custodian_backup_shares c ON c.user_id = ids.id
    UNION ALL SELECT s.user_id, 2, lower(s.backup_method), s.updated_at, s.id, s.rowid, 'text',
      octet_length(s.sealed_share)
    FROM ids
    CROSS JOIN user_backup_shares s ON s.user_id = ids.id
    UNION ALL SELECT v.user_id, iif(v.kind = 'custodian', 1, 2), lower(v.backup_method), v.stored_at, v.id, v.rowid,
      'version', octet_length(v.sealed_share)
    FROM ids
    CROSS JOIN backup_share_versions v ON v.user_id = ids.id),
  rest AS (SELECT * FROM places WHERE (user_id, part, method, at, id) > (?1, ?2, ?3, ?4, ?5)),
  -- What a page notes of the user that it ends within: the client, and the last deletion.
  notes AS NOT MATERIALIZED (
    SELECT ids.id AS user_id, coalesce((SELECT client_id FROM users u WHERE u.id = ids.id), '') || ' '
      || coalesce((SELECT max(deleted_at) FROM deleted_users d WHERE d.id = ids.id), '') AS note
    FROM ids),
  -- A page that begins within a user who was deleted or restored since gives the user again: so that the copy has the user as
  -- well as the shares.
  next AS (
    SELECT *
    FROM rest
    UNION ALL SELECT *
    FROM places
    WHERE user_id = ?1 AND part = 0 AND ?2 > 0
      AND EXISTS (SELECT 1 FROM rest WHERE user_id = ?1)
      AND ?11 <> (SELECT note FROM notes WHERE user_id = ?1)),
  sized AS (
    SELECT *, coalesce(sum(size + ?10) OVER before, 0) AS bytes_before, count(*) OVER before AS rows_before
    FROM next
    WINDOW before AS (
      ORDER BY user_id, part, method, at, id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP)),
  -- What a record says, whichever table it is in.
  found AS (
    SELECT p.*, coalesce(d.client_id, v.client_id, u.client_id) AS client_id,
      iif(p.source = 'deleted', d.client_api_key_hash, u.client_api_key_hash) AS hash,
      coalesce(c.backup_method, s.backup_method, v.backup_method) AS backup_method,
      coalesce(c.backup_share_pair_id, s.backup_share_pair_id, v.backup_share_pair_id) AS pair_id,
      coalesce(d.created_at, c.created_at, s.created_at, v.created_at, u.created_at) AS created_at,
      max(v.superseded_at, v.stored_at) AS superseded_at, v.kind, v.reason,
      iif(iif(p.source = 'deleted', d.made_by_webhook, u.made_by_webhook), 'true', 'null') AS made_by_webhook,
      s.replaced_alone_at, coalesce(c.key_id, s.key_id, v.key_id) AS key_id,
      coalesce(c.sealed_share, s.sealed_share, v.sealed_share) AS sealed_share
    FROM sized p
    LEFT JOIN users u ON u.id = p.user_id
    LEFT JOIN deleted_users d ON p.source = 'deleted' AND d.id = p.user_id AND d.deleted_at = p.at AND d.client_id = p.id
    LEFT JOIN custodian_backup_shares c ON p.source = 'custodian' AND c.rowid = p.row
    LEFT JOIN user_backup_shares s ON p.source = 'text' AND s.rowid = p.row
    LEFT JOIN backup_share_versions v ON p.source = 'version' AND v.rowid = p.row
    WHERE p.bytes_before < ?9 AND p.rows_before < ?8),
  -- Times as an import takes them: one that lies more than a day after the export began (of an old import, or a clock that was
  -- wrong) becomes the time at which the export began, and some milliseconds that keep the order of the user's times.
  latest AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ?6 / 1000.0, 'unixepoch', '+1 day') AS t),
  dated AS (
    SELECT f.*, (
        SELECT json_group_array(CASE WHEN value <= latest.t THEN value
          ELSE strftime('%Y-%m-%dT%H:%M:%fZ', ?6 / 1000.0, 'unixepoch', printf('+%.3f seconds', (
            SELECT count(DISTINCT times.t) / 1000.0
            FROM (
              SELECT updated_at AS t FROM custodian_backup_shares WHERE user_id = f.user_id
              UNION ALL SELECT updated_at FROM user_backup_shares WHERE user_id = f.user_id
              UNION ALL SELECT stored_at FROM backup_share_versions WHERE user_id = f.user_id
              UNION ALL SELECT superseded_at FROM backup_share_versions WHERE user_id = f.user_id) times
            WHERE times.t > latest.t AND times.t <= value))) END)
        FROM json_each(json_array(f.created_at, f.at, f.superseded_at))) AS times
    FROM found f
    CROSS JOIN latest)
SELECT p.user_id, p.part, p.method, p.at, p.id, (SELECT note FROM notes WHERE user_id = p.user_id) AS user,
  CASE -- What is null in a patch is left out of the record.
    WHEN p.source = 'user' THEN json_patch(json_object('type', 'user', 'id', p.user_id, 'clientId', p.client_id,
      'clientApiKeyHash', p.hash, 'createdAt', p.times ->> 0), json_object('madeByWebhook', json(p.made_by_webhook)))
    WHEN p.source = 'deleted' THEN json_patch(json_object('type', 'user', 'id', p.user_id, 'clientId', p.client_id,
      'clientApiKeyHash', p.hash, 'createdAt', p.times ->> 0, 'deletedAt', p.times ->> 1),
      json_object('madeByWebhook', json(p.made_by_webhook)))
    WHEN p.source = 'version' THEN json_object('type', p.kind || 'BackupShare', 'id', p.id, 'userId', p.user_id,
      'clientId', p.client_id, 'backupMethod', p.backup_method, 'backupSharePairId', p.pair_id,
      'createdAt', p.times ->> 0, 'storedAt', p.times ->> 1, 'supersededAt', p.times ->> 2, 'reason', p.reason,
      'keyId', p.key_id, 'sealedShare', p.sealed_share)
    ELSE json_patch(json_object('type', iif(p.source = 'custodian', 'custodianBackupShare', 'userBackupShare'), 'id', p.id,
      'userId', p.user_id, 'clientId', p.client_id, 'backupMethod', p.backup_method, 'backupSharePairId', p.pair_id,
      'createdAt', p.times ->> 0, 'storedAt', p.times ->> 1, 'keyId', p.key_id, 'sealedShare', p.sealed_share),
      json_object('replacedAloneAt', p.replaced_alone_at))
  END AS record
FROM dated p
ORDER BY p.user_id, p.part, p.method, p.at, p.id
