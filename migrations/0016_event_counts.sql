-- How much an event is about, as JSON: an export is one event, with the records that have left so far.
ALTER TABLE audit_events ADD COLUMN counts TEXT;

UPDATE meta SET value = '16' WHERE name = 'schema_version';
