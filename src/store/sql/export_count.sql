-- export_count(?1 event id, ?2 since (ms), ?3 operator, ?4 how much has left (JSON))
-- The event of this very request has no operator yet.
UPDATE audit_events
SET counts = ?4
WHERE id = ?1 AND action = 'export' AND coalesce(operator, ?3) = ?3 AND at >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch')
RETURNING id
