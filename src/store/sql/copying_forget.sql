-- copying_forget(): The notes that nobody makes objects of any more.
DELETE FROM changes WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = 'copying')
