-- An app's credential that is refused may be another user's. The event of the refusal names that one's client, who may be on the way to or from
-- this home. This stopped the refusal: 503 instead of 403. An event that says 'forbidden' is about the path's user alone.
DROP TRIGGER audit_events_of_moves;
CREATE TRIGGER audit_events_of_moves BEFORE INSERT ON audit_events WHEN EXISTS (SELECT 1 FROM moves)
BEGIN
  SELECT RAISE(ABORT, 'the user has moved') FROM moves
  WHERE (kind, value) IN (VALUES ('user', NEW.user_id),
      ('client', iif(NEW.outcome = 'forbidden' AND NEW.user_id IS NOT NULL, NULL, NEW.client_id)))
    AND state IN ('moved', 'arriving');
  SELECT RAISE(ABORT, 'the user is moving') FROM moves
  WHERE (kind, value) IN (VALUES ('user', NEW.user_id),
      ('client', iif(NEW.outcome = 'forbidden' AND NEW.user_id IS NOT NULL, NULL, NEW.client_id)))
    AND state = 'leaving'
    AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    AND NEW.action NOT IN ('fetch_custodian_shares', 'fetch_user_share', 'authenticate', 'find_client', 'list_backups',
      'create_session', 'move_user');
END;

UPDATE meta SET value = '28' WHERE name = 'schema_version';
