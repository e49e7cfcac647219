-- directory_forget_seen()
-- What the homes were told of when they were seen counts no more: the directory is filled anew, or is to be.
UPDATE homes SET seen_at = NULL
