-- move_user_backup_shares_read(?1, ?2)
-- The next rows of the users ?1 (JSON) behind the row ?2, 1 MB at most.
SELECT place, row FROM (SELECT t.rowid AS place, json_array(t.id, t.user_id, t.backup_method, t.backup_share_pair_id, t.key_id, t.created_at, t.updated_at, t.sealed_share, t.share_digest, t.replaced_alone_at, t.text_digest) AS row,
    sum(length(t.sealed_share)) OVER (ORDER BY t.rowid) - length(t.sealed_share) AS bytes_before
  FROM user_backup_shares t WHERE t.user_id IN (SELECT value FROM json_each(?1)) AND t.rowid > ?2)
WHERE bytes_before < 1000000 ORDER BY place LIMIT 500
