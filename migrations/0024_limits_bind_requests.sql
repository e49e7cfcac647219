-- A limit binds requests. Who puts back what was stored once is bound by none: a rebuild ('rebuilding' in meta), a merge with the copy
-- ('merging'), a move between two homes ('landing'). They write a user's methods in another order, so another one would be the 257th.
DROP TRIGGER custodian_backup_shares_methods;
CREATE TRIGGER custodian_backup_shares_methods AFTER INSERT ON custodian_backup_shares
WHEN (SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM meta WHERE name IN ('rebuilding', 'merging'))
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = NEW.user_id AND state = 'landing')
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'custodian'
    AND method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
  AND ((SELECT count(*) FROM custodian_backup_shares WHERE user_id = NEW.user_id) > 1024
    OR NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = NEW.user_id AND c.rowid <> NEW.rowid
      AND rtrim(c.method, replace(c.method, '-', '')) = rtrim(NEW.backup_method, replace(NEW.backup_method, '-', '')) COLLATE NOCASE
      AND instr(NEW.backup_method, '-') > 0))
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

DROP TRIGGER user_backup_shares_methods;
CREATE TRIGGER user_backup_shares_methods AFTER INSERT ON user_backup_shares
WHEN (SELECT count(*) FROM user_backup_shares WHERE user_id = NEW.user_id) > 256
  AND NOT EXISTS (SELECT 1 FROM meta WHERE name IN ('rebuilding', 'merging'))
  AND NOT EXISTS (SELECT 1 FROM moves WHERE kind = 'user' AND value = NEW.user_id AND state = 'landing')
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = NEW.user_id AND kind = 'user'
    AND method = NEW.backup_method AND stored_at = NEW.updated_at AND id = NEW.id)
  AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = NEW.user_id
    AND (c.method = NEW.backup_method
      OR substr(c.method, 1, length(NEW.backup_method) + 1) = NEW.backup_method || '-' COLLATE NOCASE))
BEGIN
  SELECT RAISE(ABORT, 'a user has 256 backup methods at most');
END;

-- Whom a merge leaves out: a copy that does not know yet what was taken away from a user would bring it back. A merge's own notes are none of these.
CREATE VIEW merge_leaves_out AS SELECT user_id FROM changes
WHERE what IN ('removed', 'deleted', 'purged') AND EXISTS (SELECT 1 FROM meta WHERE name = 'merging');

UPDATE meta SET value = '24' WHERE name = 'schema_version';
