-- Where did the time go?
-- mark: line
-- x: at "time (UTC)"
-- y: rate "units a minute"
-- color: process
-- section: run
-- order: 10
-- needs: users
-- caption: Units that ended, in 60 equal parts of the time from the first start to the last end.
-- empty: No unit has ended.
with ends as (
  select min(started_at) as first, max(finished_at) as last,
         greatest((extract(epoch from max(finished_at)) - extract(epoch from min(started_at))) / 60.0, 0.001) as wide from users),
parts as (
  select shard, least(floor((extract(epoch from finished_at) - extract(epoch from first)) / wide), 59) as part, first, wide
  from users cross join ends),
shards as (select distinct shard from users order by shard limit 16),
grid as (select s.shard, g.value as part from shards s cross join generate_series(0, 59) g),
counted as (select shard, part, count(*) as units from parts group by shard, part)
select to_timestamp(extract(epoch from first) + (grid.part + 0.5) * wide) as at, coalesce(units, 0) * 60.0 / wide as rate,
       concat('shard ', grid.shard) as process, coalesce(units, 0) as units
from grid cross join ends left join counted c on c.shard = grid.shard and c.part = grid.part
order by grid.shard, grid.part
