-- copying_end(): Nothing is copied any more: the triggers write nothing. Should it begin again, all is copied anew,
-- and what was looked up in the bucket of before counts no more.
DELETE FROM meta WHERE name IN ('copying', 'copy_sampled') RETURNING name
