-- copying_end(): Nothing is copied any more: the triggers write nothing. Should it begin again, all is copied anew.
DELETE FROM meta WHERE name = 'copying' RETURNING name
