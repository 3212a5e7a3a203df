-- Which effects are large, and called?
-- mark: point
-- x: effect "effective value"
-- y: strength "−log₁₀ q"
-- color: direction
-- size: tests "tests at a dot"
-- facet: measure
-- free: x, y
-- layer: rule y=called "q = alpha"
-- section: findings
-- order: 30
-- needs: tests
-- caption: Each dot is a test; what lies above the line is called. To the right are large effects: the value less its
--    bias, in the unit of the measure. Above 2,000 tests, near ones are drawn as one dot.
-- empty: No test has a q.
-- param alpha=null (0 to 1): level of q; null: that of the configuration
with t as (
  select measure, direction, user_id, feature_mode, tau, coalesce(effective, value) as effect, -log10(q) as strength,
         -log10(coalesce($alpha, alpha)) as called
  from tests where q > 0 and coalesce(effective, value) is not null),
ends as (
  select measure, min(effect) as least, max(effect) - min(effect) as wide, max(strength) as most,
         sum(count(*)) over () as n from t group by measure)
select t.measure, direction, avg(effect) as effect, avg(strength) as strength, count(*) as tests, min(called) as called
from ends join t on t.measure = ends.measure
group by t.measure, direction,
         case when n <= 2000 then concat(user_id, ' ', feature_mode, ' ', tau) end,
         case when n > 2000 then floor((effect - least) / nullif(wide, 0) * 24) end,
         case when n > 2000 then floor(strength / nullif(most, 0) * 12) end
order by t.measure, direction, effect, strength
