-- Users and their current backup shares.
--
-- Times are ISO 8601 text in UTC with milliseconds, made by SQLite itself:
-- they sort as text and can be read by a person.
-- Every index costs a written row on each insert; what each one buys is in ARCHITECTURE.md.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('schema_version', '1');

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE,
  -- Lower-case hex SHA-256 of the Portal client API key; the key itself is never kept.
  client_api_key_hash TEXT UNIQUE,
  created_at TEXT NOT NULL
) STRICT;

-- `id` names the version of the share that is current now. `created_at` is when the method was first
-- backed up, `updated_at` when the version now held was stored.
CREATE TABLE custodian_backup_shares (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  backup_method TEXT NOT NULL DEFAULT 'UNKNOWN',
  backup_share_pair_id TEXT,
  key_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  -- base64 of: format version, nonce, AES-256-GCM cipher text and tag (src/domain/sealing.rs).
  sealed_share TEXT NOT NULL,
  UNIQUE (user_id, backup_method)
) STRICT;

CREATE TABLE user_backup_shares (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  backup_method TEXT NOT NULL DEFAULT 'UNKNOWN',
  backup_share_pair_id TEXT,
  key_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  sealed_share TEXT NOT NULL,
  UNIQUE (user_id, backup_method)
) STRICT;

-- One sealed constant per key id: shows that the key behind an id is still the one that sealed the shares.
CREATE TABLE key_canaries (
  key_id TEXT NOT NULL PRIMARY KEY,
  sealed_canary TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
