-- The twenty units that took longest.
SELECT user_id, feature_mode, shard, elapsed_ms, n_samples, k FROM users ORDER BY elapsed_ms DESC, user_id LIMIT 20
