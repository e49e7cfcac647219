-- The tables that Portal's guide recommends, in D1.
CREATE TABLE users (id TEXT PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE custodian_backup_shares (
  id TEXT PRIMARY KEY,
  backup_method TEXT NOT NULL DEFAULT 'UNKNOWN',
  share TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (user_id, backup_method)
);
CREATE TABLE user_backup_shares (
  id TEXT PRIMARY KEY,
  backup_method TEXT NOT NULL DEFAULT 'UNKNOWN',
  cipher_text TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (user_id, backup_method)
);
