-- Which operator acted, who approved it, and why. Null of what Portal, an app or the schedule did.
ALTER TABLE audit_events ADD COLUMN operator TEXT;
ALTER TABLE audit_events ADD COLUMN approved_by TEXT;
ALTER TABLE audit_events ADD COLUMN reason TEXT;

-- What an operator asked for and another one must approve (FOUR_EYES).
CREATE TABLE approvals (
  -- The audit event of the request.
  id TEXT NOT NULL PRIMARY KEY,
  action TEXT NOT NULL CHECK (action IN ('eject', 'purge', 'client-api-key')),
  user_id TEXT NOT NULL,
  -- What the request asked for, as JSON: the minutes, the client id, or the hash of the API key. Never a key.
  parameters TEXT NOT NULL,
  reason TEXT,
  requested_by TEXT NOT NULL,
  -- The rank of the requester's role: 0 viewer, 1 support, 2 admin.
  role_rank INTEGER NOT NULL,
  requested_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  decision TEXT CHECK (decision IN ('approved', 'refused')),
  decided_by TEXT,
  -- The audit event of the decision: its own retry passes, and nothing else.
  decision_id TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE decision IS NULL;

-- A decision is an insert into this view, in the transaction that carries it out: one that may not be taken stops the whole
-- transaction. So of two approvals at once one is carried out, and none after the end.
CREATE VIEW approval_decisions AS
SELECT id, decision, decided_by, role_rank, decision_id FROM approvals;

CREATE TRIGGER approval_decided INSTEAD OF INSERT ON approval_decisions
WHEN NOT EXISTS (SELECT 1 FROM approvals WHERE id = NEW.id AND decision_id = NEW.decision_id)
BEGIN
  SELECT RAISE(ABORT, 'approval is gone') WHERE NOT EXISTS (SELECT 1 FROM approvals WHERE id = NEW.id
    AND decision IS NULL AND expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  SELECT RAISE(ABORT, 'approval is your own') WHERE NEW.decision = 'approved' AND EXISTS (SELECT 1 FROM approvals
    WHERE id = NEW.id AND lower(requested_by) = lower(NEW.decided_by));
  SELECT RAISE(ABORT, 'approval needs a higher role') WHERE EXISTS (SELECT 1 FROM approvals
    WHERE id = NEW.id AND role_rank > NEW.role_rank AND lower(requested_by) <> lower(NEW.decided_by));
  UPDATE approvals SET decision = NEW.decision, decided_by = NEW.decided_by, decision_id = NEW.decision_id WHERE id = NEW.id;
END;

-- How many events of each kind a day has. The schedule counts them from the audit trail, each once: those that no more can
-- come before are settled, the recent ones are counted anew by every run. The day '' has the sum of all days.
CREATE TABLE daily_events (
  day TEXT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  settled INTEGER NOT NULL,
  recent INTEGER NOT NULL,
  PRIMARY KEY (day, action, outcome)
) STRICT, WITHOUT ROWID;

CREATE INDEX daily_events_recent ON daily_events (day) WHERE recent <> 0;

-- Sizes and counts of the whole, as the last run of a day found them.
CREATE TABLE daily_figures (
  day TEXT NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (day, name)
) STRICT, WITHOUT ROWID;

-- What the schedule logged as an error.
CREATE TABLE daily_alarms (
  day TEXT NOT NULL,
  message TEXT NOT NULL,
  count INTEGER NOT NULL,
  -- The last run that added to it: its own retry adds nothing.
  run TEXT NOT NULL,
  PRIMARY KEY (day, message)
) STRICT, WITHOUT ROWID;

-- How far the counting has come.
CREATE TABLE metric_marks (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

UPDATE meta SET value = '11' WHERE name = 'schema_version';
