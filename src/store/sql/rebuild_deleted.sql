-- rebuild_deleted(?1): Deleted users of the copy (the JSON array ?1) that the database does not have. A merge writes no deletion of a user who is there.
INSERT INTO deleted_users (id, client_id, client_api_key_hash, created_at, deleted_at, made_by_webhook)
SELECT j.value ->> 'id', j.value ->> 'clientId', j.value ->> 'clientApiKeyHash', j.value ->> 'createdAt', j.value ->> 'deletedAt',
  coalesce(j.value ->> 'madeByWebhook', 0)
FROM json_each(?1) j WHERE j.value ->> 'id' NOT IN (SELECT user_id FROM merge_leaves_out)
  AND NOT EXISTS (SELECT 1 FROM users u JOIN meta m ON m.name = 'merging' WHERE u.id = j.value ->> 'id')
ON CONFLICT DO NOTHING
