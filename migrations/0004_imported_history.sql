-- History that was imported is kept for the retention counted from the import: what was superseded long ago elsewhere
-- must not be gone on the day that it moves in.
ALTER TABLE backup_share_versions ADD COLUMN imported_at TEXT;

UPDATE meta SET value = '4' WHERE name = 'schema_version';
