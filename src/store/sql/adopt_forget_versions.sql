-- adopt_forget_versions(?1 user id, ?2 client id, ?3 event id)
DELETE FROM backup_share_versions AS v
WHERE v.user_id = ?1
  AND v.client_id = ?2
  AND v.kind = 'custodian'
  -- It is current. By the sealed text as well, which no two versions share: were an id used twice, the version that
  -- is not current would else be forgotten.
  AND EXISTS (
      SELECT 1
      FROM custodian_backup_shares c
      WHERE c.user_id = v.user_id AND c.method = v.method AND c.id = v.id AND c.sealed_share = v.sealed_share)
  AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'adopted')
