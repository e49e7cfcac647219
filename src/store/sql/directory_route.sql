-- directory_route(?1)
-- Where the key ?1 leads, with the identity of that home; home 0 where there is no row.
SELECT r.home, h.identity, (SELECT value FROM meta WHERE name = 'complete') AS complete
FROM (SELECT 1) LEFT JOIN routes r ON r.key = unhex(?1) LEFT JOIN homes h ON h.home = coalesce(r.home, 0)
