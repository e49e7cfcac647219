-- The gate of 0008, and the decisions of 0011, as tables instead of views, for `wrangler d1 export` (4.156) writes triggers before
-- views, and a trigger on a view that is not there yet stops the loading of the dump. No row ever comes into them.
DROP VIEW attempts;
CREATE TABLE attempts (event_id TEXT NOT NULL, not_before INTEGER NOT NULL, not_after INTEGER NOT NULL) STRICT;

CREATE TRIGGER attempts_once_and_in_time BEFORE INSERT ON attempts
BEGIN
  SELECT RAISE(ABORT, 'carried out before') WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.event_id);
  SELECT RAISE(ABORT, 'not in time ' || cast(unixepoch('subsec') * 1000 AS INTEGER))
    WHERE unixepoch('subsec') * 1000 NOT BETWEEN NEW.not_before AND NEW.not_after;
  SELECT RAISE(IGNORE);
END;

DROP VIEW approval_decisions;
CREATE TABLE approval_decisions (
  id TEXT NOT NULL,
  decision TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  role_rank INTEGER NOT NULL,
  decision_id TEXT NOT NULL
) STRICT;

CREATE TRIGGER approval_decided BEFORE INSERT ON approval_decisions
BEGIN
  SELECT RAISE(IGNORE) WHERE EXISTS (SELECT 1 FROM approvals WHERE id = NEW.id AND decision_id = NEW.decision_id);
  SELECT RAISE(ABORT, 'approval is gone') WHERE NOT EXISTS (SELECT 1 FROM approvals WHERE id = NEW.id
    AND decision IS NULL AND expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  SELECT RAISE(ABORT, 'approval is your own') WHERE NEW.decision = 'approved' AND EXISTS (SELECT 1 FROM approvals
    WHERE id = NEW.id AND lower(requested_by) = lower(NEW.decided_by));
  SELECT RAISE(ABORT, 'approval needs a higher role') WHERE EXISTS (SELECT 1 FROM approvals
    WHERE id = NEW.id AND role_rank > NEW.role_rank AND lower(requested_by) <> lower(NEW.decided_by));
  UPDATE approvals SET decision = NEW.decision, decided_by = NEW.decided_by, decision_id = NEW.decision_id WHERE id = NEW.id;
  SELECT RAISE(IGNORE);
END;

-- A digest of a cipher text alone, whatever its method: it tells that one stands under two methods. Null of what was stored before.
ALTER TABLE user_backup_shares ADD COLUMN text_digest TEXT;

UPDATE meta SET value = '18' WHERE name = 'schema_version';
