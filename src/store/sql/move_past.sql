-- move_past(?1)
-- The marks ?1 (JSON: [kind, value, move, time]) of another home lead here. If this home does not know that move, it went back in time to before
-- it, and then a mark that is older than the one that leads here is of before, too: it goes. Whoever followed it would go in a circle.
DELETE FROM moves WHERE state = 'moved' AND (kind, value) IN (
  SELECT m.kind, m.value FROM json_each(?1) j CROSS JOIN moves m ON m.kind = j.value ->> 0 AND m.value = j.value ->> 1
  WHERE m.until < j.value ->> 3 AND m.move <> j.value ->> 2 AND NOT EXISTS (SELECT 1 FROM arrivals WHERE move = j.value ->> 2)
    AND NOT EXISTS (SELECT 1 FROM ended_moves WHERE move = j.value ->> 2))
