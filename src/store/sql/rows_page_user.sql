-- rows_page_user(?1 behind this row, ?2 most rows, ?3 most characters)
SELECT row, id, kind, user_id, client_id, backup_method, key_id, sealed_share
FROM (
  SELECT *, sum(length(sealed_share)) OVER (ORDER BY row) - length(sealed_share) AS bytes_before
  FROM (
    SELECT t.rowid AS row, t.id, 'user' AS kind, u.client_id, t.user_id, t.backup_method, t.key_id, t.sealed_share
    FROM user_backup_shares t
    JOIN users u ON u.id = t.user_id
    WHERE t.rowid > ?1
    ORDER BY t.rowid
    LIMIT ?2))
WHERE bytes_before < ?3
