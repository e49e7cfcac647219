-- rebuild_done(?1, ?2)
-- This database was rebuilt in the place of the home ?1, which the directory knows by the identity ?2: unless it is that one itself.
INSERT INTO meta (name, value)
SELECT column1, column2 FROM (VALUES ('home', ?1), ('spread', '1'), ('replaces', ?2), ('rebuilt_at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))
WHERE ?2 <> (SELECT value FROM meta WHERE name = 'identity')
ON CONFLICT (name) DO UPDATE SET value = excluded.value
