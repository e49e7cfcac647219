-- directory_begin(?1, ?2)
-- The directory is used for the first time: ?1 is '1' if nobody is in home 0 yet, '0' if its users have to be entered.
INSERT INTO meta (name, value) SELECT 'complete', ?1 WHERE ?2 = 1 ON CONFLICT DO NOTHING
