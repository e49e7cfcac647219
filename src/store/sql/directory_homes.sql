-- directory_homes()
-- All homes.
SELECT home, identity, state, bytes, users, seen_at FROM homes ORDER BY home
