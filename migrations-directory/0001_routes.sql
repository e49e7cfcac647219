-- The directory: which database (home) a user is in. It is an index over the homes, never the truth: what it says is
-- verified by the home itself, and it can be rebuilt from the homes at any time (npm run rebuild -- --directory).

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- 'complete': '0' while home 0 is being entered for the first time, '1' once every user has routes. In both cases no row
-- means home 0. Without it the directory is blank, so no row means nothing: the homes themselves are asked.
INSERT INTO meta (name, value) VALUES ('schema_version', '1');

-- key: a kind byte (1 client id, 2 user id, 3 hash of an API key) and the first 16 bytes of the SHA-256 of the value, so
-- that no id is here in the clear. stamp: made here at every insertion and adoption, so that who releases a route can
-- tell whether it is still the one that was read.
CREATE TABLE routes (
  key BLOB NOT NULL PRIMARY KEY,
  home INTEGER NOT NULL,
  stamp BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Registrations under way, each by the id of its audit event.
CREATE TABLE claims (
  key BLOB NOT NULL,
  claim TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (key, claim)
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_by_time ON claims (at);

-- status: what the last background run found in the home, as JSON.
CREATE TABLE homes (
  home INTEGER NOT NULL PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  place TEXT,
  state TEXT NOT NULL CHECK (state IN ('new', 'open', 'closed', 'lost')),
  bytes INTEGER,
  users INTEGER,
  status TEXT,
  seen_at TEXT
) STRICT;
