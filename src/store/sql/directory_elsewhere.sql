-- directory_elsewhere(?1, ?2)
-- Those of the keys ?1 (JSON, hex) that lead to another home than ?2, by their places among them.
SELECT j.key AS place, hex(r.key) AS key, r.home, hex(r.stamp) AS stamp
FROM json_each(?1) j CROSS JOIN routes r ON r.key = unhex(j.value) WHERE r.home <> ?2
