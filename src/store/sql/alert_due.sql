-- alert_due(?1 kind, ?2 now, ?3 not if the last one came after)
INSERT INTO meta (name, value)
VALUES ('alert ' || ?1, ?2)
ON CONFLICT (name) DO UPDATE
SET value = excluded.value
WHERE CAST(meta.value AS INTEGER) <= CAST(?3 AS INTEGER) OR meta.value = ?2
RETURNING name
