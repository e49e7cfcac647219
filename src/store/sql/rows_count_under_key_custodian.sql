-- rows_count_under_key_custodian(?1 rows as [row, id], ?2 key id)
SELECT count(*) AS n
FROM json_each(?1) j
JOIN custodian_backup_shares t ON t.rowid = j.value ->> 0 AND t.id = j.value ->> 1
WHERE t.key_id = ?2
