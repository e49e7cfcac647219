-- export_known(?1 event id, ?2 since (ms), ?3 operator)
SELECT id
FROM audit_events
WHERE id = ?1 AND action = 'export' AND operator = ?3 AND at >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch')
