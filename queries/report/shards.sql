-- Units and time of each shard.
select shard, count(*) as units, sum(elapsed_ms) / 1000.0 as "seconds", max(peak_memory_bytes) / 1000000 as "peak memory (MB)",
       min(started_at) as "first began", max(finished_at) as "last ended"
from users group by shard order by shard limit 200
