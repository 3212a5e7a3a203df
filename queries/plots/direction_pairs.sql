-- Does one direction win within people?
-- mark: pair
-- y: person "person"
-- low: forth "A2S"
-- high: back "S2A"
-- facet: test
-- free: x, y
-- section: findings
-- order: 50
-- needs: tests, group_tests
-- caption: Both directions of a person at the smallest lag, less their biases; sorted by their difference. Above each: the
--    Hodges–Lehmann estimate of A2S − S2A with its 95 % interval, and the q of the Wilcoxon test. Above 60 persons: the first 30,
--    the last 30, and those at the quartiles.
-- empty: No person has values in both directions.
with chosen as (
  select measure, min(tau) as tau, min(feature_mode) as feature_mode from tests
  where direction is not null and coalesce(effective, value) is not null group by measure),
both as (
  select t.measure, t.user_id,
         max(case when t.direction = 'A2S' then coalesce(t.effective, t.value) end) as forth,
         max(case when t.direction = 'S2A' then coalesce(t.effective, t.value) end) as back
  from chosen c join tests t on t.measure = c.measure and (t.tau is not distinct from c.tau)
       and (t.feature_mode is not distinct from c.feature_mode)
  group by t.measure, t.user_id),
ranked as (
  select *, row_number() over (partition by measure order by forth - back, user_id) as place,
         count(*) over (partition by measure) as persons
  from both where forth is not null and back is not null)
select concat(r.measure, case when c.tau is null then '' else concat(', lag ', c.tau) end,
              case when g.location is null then ''
                   else concat(': ', round(g.location, 4), ' (', round(g.location_low, 4), ' to ', round(g.location_high, 4), ')') end,
              case when g.q is null then '' when g.q < 0.0001 then ', q < 0.0001' else concat(', q = ', round(g.q, 4)) end) as test,
       concat(r.user_id, case when persons <= 60 then '' when place = persons / 2 then ' (median)'
                              when place in (persons / 4, persons * 3 / 4) then ' (quartile)' else '' end) as person,
       forth, back
from chosen c join ranked r on r.measure = c.measure left join group_tests g
     on g.difference <> 'coupling' and g.measure = c.measure and (g.tau is not distinct from c.tau) and (g.feature_mode is not distinct from c.feature_mode)
where persons <= 60 or place <= 30 or place > persons - 30 or place in (persons / 4, persons / 2, persons * 3 / 4)
order by r.measure, place
