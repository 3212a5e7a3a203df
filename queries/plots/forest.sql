-- How large, and how sure, for each person?
-- mark: range
-- x: effect "effective value"
-- y: person "person"
-- low: low
-- high: high
-- color: direction
-- facet: test
-- free: x, y
-- layer: rule x=0
-- section: findings
-- order: 40
-- needs: tests
-- caption: A dot is a person's value less its bias, at the smallest lag; the line is its 95 % interval where there is one,
--    else 1.96 standard deviations of the null on either side. Sorted by A2S. Above 60 persons: the first 30, the last 30, and
--    those at the quartiles.
-- empty: No test has a value.
with chosen as (
  select measure, min(tau) as tau, min(feature_mode) as feature_mode from tests
  where coalesce(effective, value) is not null group by measure),
values_of as (
  select t.measure, t.tau, t.user_id, t.direction, coalesce(t.effective, t.value) as effect,
         coalesce(t.low, coalesce(t.effective, t.value) - 1.96 * t.null_std) as low,
         coalesce(t.high, coalesce(t.effective, t.value) + 1.96 * t.null_std) as high
  from chosen c join tests t on t.measure = c.measure and (t.tau is not distinct from c.tau)
       and (t.feature_mode is not distinct from c.feature_mode)
  where coalesce(t.effective, t.value) is not null),
by_person as (
  select measure, user_id, max(case when direction = 'S2A' then null else effect end) as first from values_of
  group by measure, user_id),
ranked as (
  select measure, user_id, row_number() over (partition by measure order by first, user_id) as place,
         count(*) over (partition by measure) as persons
  from by_person),
shown as (
  select * from ranked
  where persons <= 60 or place <= 30 or place > persons - 30 or place in (persons / 4, persons / 2, persons * 3 / 4))
select concat(v.measure, case when v.tau is null then '' else concat(', lag ', v.tau) end) as test,
       concat(v.user_id, case when persons <= 60 then '' when place = persons / 2 then ' (median)'
                              when place in (persons / 4, persons * 3 / 4) then ' (quartile)' else '' end) as person,
       direction, effect, v.low, v.high
from shown s join values_of v on v.measure = s.measure and v.user_id = s.user_id
order by v.measure, place, direction
