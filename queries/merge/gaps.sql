-- Units of the plan that have no rows, and why.
SELECT e.user_id, e.feature_mode, e.shard,
       coalesce(l.state, s.state, 'never started') AS state,
       coalesce(l.reason, s.reason, '') AS reason
FROM expected e
LEFT JOIN winners l ON l.user_id = e.user_id AND l.feature_mode = e.feature_mode
LEFT JOIN shards s ON s.shard = e.shard
WHERE l.state IS DISTINCT FROM 'ok'
ORDER BY e.position, e.feature_mode
