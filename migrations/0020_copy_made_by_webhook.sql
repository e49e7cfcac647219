-- The notes of users for the second copy say who made the user, so that a rebuild tells it too: the triggers of 0010, with that.
DROP TRIGGER users_registered_noted;
CREATE TRIGGER users_registered_noted AFTER INSERT ON users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, 'user', json_object('id', NEW.id, 'clientId', NEW.client_id,
    'clientApiKeyHash', NEW.client_api_key_hash, 'createdAt', NEW.created_at,
    'madeByWebhook', json(iif(NEW.made_by_webhook, 'true', 'false'))));
END;

DROP TRIGGER users_changed_noted;
CREATE TRIGGER users_changed_noted AFTER UPDATE ON users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, 'user', json_object('id', NEW.id, 'clientId', NEW.client_id,
    'clientApiKeyHash', NEW.client_api_key_hash, 'createdAt', NEW.created_at,
    'madeByWebhook', json(iif(NEW.made_by_webhook, 'true', 'false'))));
END;

DROP TRIGGER deleted_users_kept_noted;
CREATE TRIGGER deleted_users_kept_noted AFTER INSERT ON deleted_users WHEN EXISTS (SELECT 1 FROM copying)
BEGIN
  INSERT INTO changes (at, user_id, what, record)
  VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, 'deleted', json_object('id', NEW.id, 'clientId', NEW.client_id,
    'clientApiKeyHash', NEW.client_api_key_hash, 'createdAt', NEW.created_at, 'deletedAt', NEW.deleted_at,
    'madeByWebhook', json(iif(NEW.made_by_webhook, 'true', 'false'))));
END;

UPDATE meta SET value = '20' WHERE name = 'schema_version';
