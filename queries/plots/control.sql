-- How often are strangers called?
-- mark: range
-- x: share "share of pairs of strangers with p at or below alpha"
-- y: test "test"
-- low: low
-- high: high
-- color: direction
-- facet: nulls
-- layer: rule x=alpha "alpha"
-- section: findings
-- order: 10
-- needs: control, tests
-- caption: Nothing can be coupled there, so each share should be about alpha. Where the whole 95 % interval lies to the right
--    of alpha, the test calls too much, and its p cannot be believed as they are.
-- empty: The control has no pairs with a p.
select case when "null" = 'called' then 'the p that is used' else concat('null: ', "null") end as nulls,
       concat(called, case when tau is null then '' else concat(', lag ', tau) end,
              case when count(*) over (partition by measure, tau, direction, "null") > 1 then concat(', ', feature_mode) else '' end) as test,
       direction, share, low, high, alpha, pairs, rejected
from (select c.*, coalesce(t.called, c.measure) as called
      from control c left join (select table_name, min(measure) as called from tests group by table_name) t
           on t.table_name = c.measure)
where pairs > 0
order by "null" <> 'called', "null", measure, tau, feature_mode, direction
