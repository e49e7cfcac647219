-- When a cipher text took the place of another though no custodian share had come since: junk, or an app's retry with another
-- envelope. It stays until a whole backup follows.
ALTER TABLE user_backup_shares ADD COLUMN replaced_alone_at TEXT;

UPDATE meta SET value = '15' WHERE name = 'schema_version';
