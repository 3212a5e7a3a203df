-- How much memory did a shard need?
-- mark: step
-- x: at "time (UTC)"
-- y: megabytes "peak memory so far (MB)"
-- color: process
-- section: run
-- order: 20
-- needs: users
-- caption: The largest that the process of a shard had been when a unit ended, in 100 equal parts of the time; of 16 shards at
--    most. A process that was restarted begins anew.
-- empty: No unit says how much memory its process had.
with ends as (
  select min(finished_at) as first,
         greatest((extract(epoch from max(finished_at)) - extract(epoch from min(finished_at))) / 100.0, 0.001) as wide from users),
shards as (select distinct shard from users order by shard limit 16)
select max(finished_at) as at, max(peak_memory_bytes) / 1e6 as megabytes, concat('shard ', u.shard) as process
from ends cross join users u join shards s on s.shard = u.shard
where peak_memory_bytes is not null
group by u.shard, floor((extract(epoch from finished_at) - extract(epoch from first)) / wide)
order by u.shard, at
