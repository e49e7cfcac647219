-- meta_raise(?1, ?2): The number ?2 is the value of ?1 in meta, unless a higher one is: of two runs at once the slower one comes last.
INSERT INTO meta (name, value) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE cast(excluded.value AS INTEGER) > cast(meta.value AS INTEGER)
