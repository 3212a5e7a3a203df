-- Significance calls of the predecessor's shards that are no longer the same, now that the correction covers
-- all users: `q` rests on the users of a shard alone. `place` is the call's among all calls.
SELECT c.place, t.{column} AS q_now
FROM legacy_calls c
JOIN {table} t ON t.user_id = c.user_id AND t.feature_mode = c.feature_mode{same_tau}
WHERE c.table_name = {table_name} AND c.column_name = {column_name}
  AND (c.q < {alpha}) IS DISTINCT FROM (t.{column} < {alpha})
ORDER BY c.user_id, c.feature_mode, c.tau, c.source
