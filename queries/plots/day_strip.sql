-- Which days and hours of a person are missing?
-- mark: tile
-- x: hour "hour of the day"
-- y: day "day"
-- color: state
-- facet: person
-- free: y
-- section: data
-- order: 20
-- needs: day_hours
-- caption: A row is a day of a person; an hour without a cell has no data at all. “Mostly used”: at least half of its rows were
--    used. Without a person: the ten with the most hours that are missing or hardly used, the first 20 days of each.
-- empty: There are no hours of this person.
-- param user=null: one person; null: those with most gaps
with hours as (
  select user_id, day, hour, sum("rows") as all_rows, sum(kept) as used from day_hours
  where $user is null or user_id = $user group by user_id, day, hour),
full_days as (
  select user_id, count(distinct day) * 24 - sum(case when used * 2 >= all_rows then 1 else 0 end) as gaps from hours group by user_id),
worst as (
  select user_id, row_number() over (order by gaps desc, user_id) as place from full_days),
days as (
  select user_id, day, row_number() over (partition by user_id order by day) as n_th from (select distinct user_id, day from hours))
select h.user_id as person, h.day, h.hour,
       case when used = 0 then 'none used' when used * 2 >= all_rows then 'mostly used' else 'hardly used' end as state,
       all_rows as "rows", used
from worst w join hours h on w.user_id = h.user_id join days d on d.user_id = h.user_id and d.day = h.day
where place <= 10 and n_th <= case when $user is null then 20 else 200 end
order by place, h.day, h.hour
