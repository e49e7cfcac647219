-- rows_page_under_key(?1 table, ?2 behind this row, ?3 most rows, ?4 most characters, ?5 key id)
SELECT row, id, kind, user_id, client_id, backup_method, key_id, sealed_share
FROM (
  SELECT *, sum(length(sealed_share)) OVER (ORDER BY row) - length(sealed_share) AS bytes_before
  FROM (
    SELECT t.rowid AS row, t.id, 'custodian' AS kind, u.client_id, t.user_id, t.backup_method, t.key_id, t.sealed_share
    FROM custodian_backup_shares t
    CROSS JOIN users u ON u.id = t.user_id
    WHERE ?1 = 'custodian_backup_shares' AND t.rowid > ?2 AND t.key_id = ?5
    UNION ALL SELECT t.rowid, t.id, 'user', u.client_id, t.user_id, t.backup_method, t.key_id, t.sealed_share
    FROM user_backup_shares t
    CROSS JOIN users u ON u.id = t.user_id
    WHERE ?1 = 'user_backup_shares' AND t.rowid > ?2 AND t.key_id = ?5
    UNION ALL SELECT t.rowid, t.id, t.kind, t.client_id, t.user_id, t.backup_method, t.key_id, t.sealed_share
    FROM backup_share_versions t
    WHERE ?1 = 'backup_share_versions' AND t.rowid > ?2 AND t.key_id = ?5
    ORDER BY 1
    LIMIT ?3))
WHERE bytes_before < ?4
