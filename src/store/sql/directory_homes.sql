-- directory_homes()
-- All homes.
SELECT home, identity, place, state, bytes, users, seen_at FROM homes ORDER BY home
