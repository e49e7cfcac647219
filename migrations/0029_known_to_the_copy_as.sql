-- A home that went back by Time Travel gets a new identity, so that no remembered route leads there (docs/scale.md). To its second copy it is the
-- same database, whose past was lost, and not another one: the copy goes on knowing it by its first identity.
CREATE TRIGGER meta_identity_changed AFTER UPDATE OF value ON meta WHEN OLD.name = 'identity' AND NEW.value <> OLD.value
BEGIN
  INSERT INTO meta (name, value) VALUES ('copied_as', OLD.value) ON CONFLICT (name) DO NOTHING;
END;

UPDATE meta SET value = '29' WHERE name = 'schema_version';
