-- merge_taken_expire(): No page is an hour old.
DELETE FROM merge_taken WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
