-- Whether a webhook made the user (UNKNOWN_CLIENTS = "register"), or an operator did. The audit trail tells it too, but ends with its
-- retention. What is not known counts as an operator's: such a user stays apart.
ALTER TABLE users ADD COLUMN made_by_webhook INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deleted_users ADD COLUMN made_by_webhook INTEGER NOT NULL DEFAULT 0;

-- As it was told before: a user that has its client's id, and never had an API key or a cipher text.
UPDATE users SET made_by_webhook = 1 WHERE id = client_id AND client_api_key_hash IS NULL
  AND NOT EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = users.id)
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = users.id AND v.client_id = users.client_id AND v.kind = 'user');
UPDATE deleted_users SET made_by_webhook = 1 WHERE id = client_id
  AND NOT EXISTS (SELECT 1 FROM deleted_users k WHERE k.id = deleted_users.id AND k.client_id = k.id AND k.client_api_key_hash IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = deleted_users.id AND v.client_id = v.user_id AND v.kind = 'user');

-- As in 0007, with that.
DROP TRIGGER users_removed;
CREATE TRIGGER users_removed BEFORE DELETE ON users
BEGIN
  INSERT INTO deleted_users (id, client_id, client_api_key_hash, created_at, made_by_webhook, deleted_at)
  VALUES (OLD.id, OLD.client_id, OLD.client_api_key_hash, OLD.created_at, OLD.made_by_webhook,
    max(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    coalesce((SELECT max(updated_at) FROM custodian_backup_shares WHERE user_id = OLD.id), ''),
    coalesce((SELECT max(updated_at) FROM user_backup_shares WHERE user_id = OLD.id), ''),
    coalesce((SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(deleted_at), '+0.001 seconds') FROM deleted_users WHERE id = OLD.id), '')));
  DELETE FROM custodian_backup_shares WHERE user_id = OLD.id;
  DELETE FROM user_backup_shares WHERE user_id = OLD.id;
END;

UPDATE meta SET value = '19' WHERE name = 'schema_version';
