-- A deleted user is sought by its client id too: where a home is asked for a client, and where a user is restored.
CREATE INDEX deleted_users_by_client ON deleted_users (client_id);

UPDATE meta SET value = '14' WHERE name = 'schema_version';
