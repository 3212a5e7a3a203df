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
-- param alpha=null (0 to 1): level of q; null: that of the configuration
with measures as (
  select measure, cast(power(2, row_number() over (order by measure) - 1) as bigint) as flag
  from (select distinct measure from tests where q is not null)),
-- Flags: a million persons have few different sets, and only those are put into words.
persons as (
  select direction, user_id, bit_or(flag) as asked, bit_or(case when q < coalesce($alpha, alpha) then flag else 0 end) as calling
  from measures m join tests t on t.measure = m.measure where q is not null group by direction, user_id),
sets as (select direction, asked, calling, count(*) as persons from persons group by direction, asked, calling),
worded as (
  select direction, asked, calling, persons,
         string_agg(case when (calling & flag) > 0 then '●' else '○' end, '' order by measure) as dots,
         string_agg(case when (calling & flag) > 0 then measure end, ' + ' order by measure) as names
  from sets cross join measures where (asked & flag) > 0 group by direction, asked, calling, persons),
counted as (
  select direction, concat(dots, ' ', coalesce(names, 'none')) as called, sum(persons) as persons from worded
  group by direction, dots, names),
ranked as (select *, row_number() over (partition by direction order by persons desc, called) as place from counted)
select direction, called, persons from ranked where place <= 20 order by direction, place
