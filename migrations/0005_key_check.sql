-- The digest of a key's canary: lets a store refuse, within its own transaction, to seal under bytes that are not those
-- that stood behind the key's id before.
ALTER TABLE key_canaries ADD COLUMN key_check TEXT;

UPDATE meta SET value = '5' WHERE name = 'schema_version';
