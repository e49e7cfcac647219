-- rows_page_under_key_custodian(?1 behind this row, ?2 most rows, ?3 most characters, ?4 key id)
SELECT row, id, kind, user_id, client_id, backup_method, key_id, sealed_share
FROM (
  SELECT *, sum(length(sealed_share)) OVER (ORDER BY row) - length(sealed_share) AS bytes_before
  FROM (
    SELECT t.rowid AS row, t.id, 'custodian' AS kind, u.client_id, t.user_id, t.backup_method, t.key_id,
      t.sealed_share
    FROM custodian_backup_shares t
    JOIN users u ON u.id = t.user_id
    WHERE t.rowid > ?1 AND t.key_id = ?4
    ORDER BY t.rowid
    LIMIT ?2))
WHERE bytes_before < ?3
