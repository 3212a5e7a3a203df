-- Tests of a measure, lag and direction, with how many could not be called and how often strangers are. For nulls whose smallest p
-- differs from person to person.
select t.measure, t.tau as lag, t.direction, t.tests, t.p_below as "p < α", t.q_below as "q < α", f.out_of_reach as "out of reach",
       c.share as "strangers called"
from (select measure, table_name, tau, direction, count(p) as tests, sum(case when p < $alpha then 1 else 0 end) as p_below,
             sum(case when q < $alpha then 1 else 0 end) as q_below
      from tests group by measure, table_name, tau, direction) t
left join (select table_name, tau, q_column, max(out_of_reach) as out_of_reach from families
           group by table_name, tau, q_column) f
     on f.table_name = t.table_name and (f.tau is null or f.tau = t.tau) and (t.direction is null or ends_with(f.q_column, t.direction))
left join (select measure, tau, direction, cast(sum(rejected) as double) / nullif(sum(pairs), 0) as share from control
           where "null" = 'called' group by measure, tau, direction) c
     on c.measure = t.table_name and (c.tau is not distinct from t.tau) and (c.direction is not distinct from t.direction)
order by t.measure, t.tau, t.direction
