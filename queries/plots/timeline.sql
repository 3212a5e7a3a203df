-- Where did the time go?
-- mark: line
-- x: at "time (UTC)"
-- y: rate "units a minute"
-- color: process
-- label: what
-- layer: rule x=happened "workers started, resumed, restarted or lost; units that took too long"
-- section: run
-- order: 10
-- needs: users
-- caption: Units that ended, in 60 equal parts of the time from the first start to the last end. What befell the workers is marked
--    where it happened, with the first of it in words; a merged output does not know of it.
-- empty: No unit has ended.
with ends as (
  select min(started_at) as first, max(finished_at) as last,
         greatest((extract(epoch from max(finished_at)) - extract(epoch from min(started_at))) / 60.0, 0.001) as wide from users),
parts as (
  select shard, least(floor((extract(epoch from finished_at) - extract(epoch from first)) / wide), 59) as part, first, wide
  from ends cross join users),
shards as (select distinct shard from users order by shard limit 16),
grid as (select s.shard, g.value as part from shards s cross join generate_series(0, 59) g),
counted as (select shard, part, count(*) as units from parts group by shard, part),
befell as (
  select at, event, e.shard, least(greatest(floor((extract(epoch from at) - extract(epoch from first)) / wide), 0), 59) as part
  from events e cross join ends),
named as (
  select part, event, min(at) as at, count(*) as times, min(shard) as shard from befell group by part, event),
told as (
  select part, min(at) as happened,
         string_agg(case when times > 1 then concat(times, ' ', event) when event = 'started' then event
                         else concat(event, ' (shard ', shard, ')') end, ', ' order by at, event) as what
  from named group by part),
ranked as (
  select *, row_number() over (partition by floor(part / 12) order by part) as n_th from told)
select to_timestamp(extract(epoch from first) + (grid.part + 0.5) * wide) as at, coalesce(units, 0) * 60.0 / wide as rate,
       concat('shard ', grid.shard) as process, coalesce(units, 0) as units, happened, case when n_th = 1 then what end as what
from grid cross join ends left join counted c on c.shard = grid.shard and c.part = grid.part
     left join ranked on ranked.part = grid.part and grid.shard = (select min(shard) from shards)
order by grid.shard, grid.part
