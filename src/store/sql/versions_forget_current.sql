-- versions_forget_current(?1 user id)
-- By the sealed text as well, which no two versions share: were an id used twice, the version that is not current would else be forgotten.
DELETE FROM backup_share_versions
WHERE rowid IN (
  SELECT v.rowid
  FROM custodian_backup_shares c
  CROSS JOIN backup_share_versions v ON v.user_id = c.user_id AND v.kind = 'custodian' AND v.method = c.method
    AND v.stored_at = c.updated_at AND v.id = c.id AND v.sealed_share = c.sealed_share
  WHERE c.user_id = ?1
  UNION ALL SELECT v.rowid
  FROM user_backup_shares s
  CROSS JOIN backup_share_versions v ON v.user_id = s.user_id AND v.kind = 'user' AND v.method = s.method
    AND v.stored_at = s.updated_at AND v.id = s.id AND v.sealed_share = s.sealed_share
  WHERE s.user_id = ?1)
