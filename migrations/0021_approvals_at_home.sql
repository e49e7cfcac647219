-- What waits for a second operator is kept in the home of whom it is about, for its approval is a part of the transaction that carries
-- it out. So it goes along when the user moves, and nothing of it is written where the user is no longer: the trigger of 0012,
-- which let it pass.
DROP TRIGGER audit_events_of_moves;
CREATE TRIGGER audit_events_of_moves BEFORE INSERT ON audit_events WHEN EXISTS (SELECT 1 FROM moves)
BEGIN
  SELECT RAISE(ABORT, 'the user has moved') FROM moves
  WHERE (kind, value) IN (VALUES ('user', NEW.user_id), ('client', NEW.client_id)) AND state IN ('moved', 'arriving');
  SELECT RAISE(ABORT, 'the user is moving') FROM moves
  WHERE (kind, value) IN (VALUES ('user', NEW.user_id), ('client', NEW.client_id)) AND state = 'leaving'
    AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    AND NEW.action NOT IN ('fetch_custodian_shares', 'fetch_user_share', 'authenticate', 'find_client', 'list_backups',
      'create_session', 'move_user');
END;

UPDATE meta SET value = '21' WHERE name = 'schema_version';
