-- metrics_keep_figure(?1 name, ?2 value)
INSERT INTO daily_figures (day, name, value)
VALUES (date('now'), ?1, ?2)
ON CONFLICT (day, name) DO UPDATE
SET value = excluded.value
