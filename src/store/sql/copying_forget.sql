-- copying_forget(): The notes that nobody makes objects of any more. A purge's is kept until there is a bucket again.
DELETE FROM changes WHERE what <> 'purged' AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'copying')
