-- directory_claimed(?1)
-- The routes of the keys ?1, each with its stamp, the registrations under way for it, and the identity of its home.
SELECT hex(r.key) AS key, r.home, hex(r.stamp) AS stamp, h.identity,
  (SELECT json_group_array(claim) FROM claims c WHERE c.key = r.key) AS claims
FROM routes r LEFT JOIN homes h ON h.home = r.home WHERE r.key IN (SELECT unhex(value) FROM json_each(?1))
