-- directory_enter(?1, ?2, ?3, ?4)
-- Enters a home, once.
INSERT INTO homes (home, identity, place, state) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING RETURNING home
