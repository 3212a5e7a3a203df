-- Units, rows and time of each shard.
SELECT shard, count(*) AS units, sum(n_samples) AS "rows", sum(elapsed_ms) / 1000.0 AS seconds,
       max(peak_memory_bytes) / 1000000 AS peak_memory_mb
FROM users GROUP BY shard ORDER BY shard
