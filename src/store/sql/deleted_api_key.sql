-- deleted_api_key(?1, ?2)
-- The API key of the deleted user ?1, with the client id ?2 if one is given: that of the latest deletion which has one.
SELECT client_api_key_hash FROM deleted_users WHERE id = ?1 AND client_id = coalesce(?2,
  (SELECT client_id FROM deleted_users WHERE id = ?1 ORDER BY deleted_at DESC LIMIT 1))
  AND client_api_key_hash IS NOT NULL ORDER BY deleted_at DESC LIMIT 1
