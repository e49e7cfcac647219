-- The tables that Portal's guide recommends, in Postgres.
CREATE TABLE users (id TEXT PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, created_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE custodian_backup_shares (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  backup_method TEXT NOT NULL DEFAULT 'UNKNOWN',
  share TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (user_id, backup_method)
);
CREATE TABLE user_backup_shares (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  backup_method TEXT NOT NULL DEFAULT 'UNKNOWN',
  cipher_text TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (user_id, backup_method)
);
INSERT INTO users (id, client_id) SELECT 'user-' || n, 'client-' || n FROM generate_series(1, 8) AS n;
