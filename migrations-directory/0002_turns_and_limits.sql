-- When the background last gave a home its turn: whatever became of it, the others come first then.
ALTER TABLE homes ADD COLUMN turn_at TEXT;

-- How many new clients webhooks brought on a day, into any of the homes (UNKNOWN_CLIENTS_PER_DAY).
CREATE TABLE webhook_registrations (
  day TEXT NOT NULL PRIMARY KEY,
  users INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

UPDATE meta SET value = '2' WHERE name = 'schema_version';
