-- rows_count_under_key(?1 table, ?2 rows as [row, id], ?3 key id)
SELECT count(*) AS n
FROM json_each(?2) j
LEFT JOIN custodian_backup_shares c ON ?1 = 'custodian_backup_shares' AND c.rowid = j.value ->> 0 AND c.id = j.value ->> 1
LEFT JOIN user_backup_shares s ON ?1 = 'user_backup_shares' AND s.rowid = j.value ->> 0 AND s.id = j.value ->> 1
LEFT JOIN backup_share_versions v ON ?1 = 'backup_share_versions' AND v.rowid = j.value ->> 0 AND v.id = j.value ->> 1
WHERE coalesce(c.key_id, s.key_id, v.key_id) = ?3
