-- The units that took longest.
-- param n=20 (0 to 1000000): how many
SELECT user_id, feature_mode, shard, elapsed_ms, n_samples, k FROM users ORDER BY elapsed_ms DESC, user_id LIMIT $n
