-- sweeping_begin(): Nobody else sweeps the copy of this database for the next 16 minutes: a scheduled handler is ended after 15.
INSERT INTO meta (name, value) VALUES ('copy_sweeping', unixepoch() + 960)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE cast(value AS INTEGER) < unixepoch()
RETURNING name
