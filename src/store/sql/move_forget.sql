-- move_forget(?1)
-- The marks of ?1 (JSON: [kind, value]), who have left and are nowhere any more, go.
DELETE FROM moves WHERE state = 'moved' AND (kind, value) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1)) RETURNING kind
