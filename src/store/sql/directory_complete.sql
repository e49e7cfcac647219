-- directory_complete()
-- From now on no row means that nobody is known.
INSERT INTO meta (name, value) VALUES ('complete', '1') ON CONFLICT (name) DO UPDATE SET value = '1'
