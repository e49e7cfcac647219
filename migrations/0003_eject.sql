-- The gate of an eject: a short window per user, opened by an operator; the first retrieval of each
-- custodian share closes it for that share.

CREATE TABLE eject_windows (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  opened_at TEXT NOT NULL,
  ejectable_until TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE eject_retrievals (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  window_id TEXT NOT NULL,
  backup_method TEXT NOT NULL,
  -- The audit event of the one request that got the share: its own retry, and nothing else, gets it again.
  audit_event_id TEXT NOT NULL,
  retrieved_at TEXT NOT NULL,
  PRIMARY KEY (user_id, window_id, backup_method)
) STRICT, WITHOUT ROWID;

UPDATE meta SET value = '3' WHERE name = 'schema_version';
