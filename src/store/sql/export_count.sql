-- export_count(?1 event id, ?2 since (ms), ?3 how much has left (JSON))
UPDATE audit_events
SET counts = ?3
WHERE id = ?1 AND action = 'export' AND at >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch')
RETURNING id
