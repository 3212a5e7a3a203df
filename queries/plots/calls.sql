-- Which measures agree?
-- mark: bar
-- x: persons "persons"
-- y: called "measures with q below alpha"
-- label: persons
-- facet: direction
-- free: y
-- section: findings
-- order: 60
-- needs: tests
-- caption: Each bar counts the persons whom just these measures call at any lag; a filled dot is a measure that calls. The
--    largest 20 sets of a direction.
-- empty: No test has a q.
-- param alpha=null: level of q; null: that of the configuration
with called as (
  select direction, user_id, measure, max(case when q < coalesce($alpha, alpha) then 1 else 0 end) as is_called
  from tests where q is not null group by direction, user_id, measure),
sets as (
  select direction, user_id, string_agg(case when is_called = 1 then '●' else '○' end, '' order by measure) as dots,
         string_agg(case when is_called = 1 then measure end, ' + ' order by measure) as names
  from called group by direction, user_id),
counted as (
  select direction, concat(dots, ' ', coalesce(names, 'none')) as called, count(*) as persons from sets
  group by direction, dots, names),
ranked as (select *, row_number() over (partition by direction order by persons desc, called) as place from counted)
select direction, called, persons from ranked where place <= 20 order by direction, place
