-- merge_left_out(?1): Whom of these users (a JSON array of ids) the merge leaves out.
SELECT value AS user_id FROM json_each(?1) WHERE value IN (SELECT user_id FROM merge_leaves_out)
