-- How much of a value is bias?
-- mark: point
-- x: null_mean "mean of the surrogates"
-- y: value "value"
-- color: direction
-- size: tests "tests at a dot"
-- facet: measure
-- free: x, y
-- layer: line y=null_mean "value = mean of the surrogates"
-- section: quality
-- order: 20
-- needs: tests
-- caption: On the line, a value is all bias; what lies above it is left once the bias is taken off. Above 2,000 tests, near
--    ones are drawn as one dot.
-- empty: No test has surrogates.
with t as (
  select measure, direction, user_id, feature_mode, tau, null_mean, value from tests
  where null_mean is not null and value is not null),
ends as (
  select measure, min(null_mean) as low_mean, max(null_mean) - min(null_mean) as wide_mean, min(value) as low_value,
         max(value) - min(value) as wide_value, sum(count(*)) over () as n from t group by measure)
select t.measure, direction, avg(null_mean) as null_mean, avg(value) as value, count(*) as tests
from ends join t on t.measure = ends.measure
group by t.measure, direction,
         case when n <= 2000 then concat(user_id, ' ', feature_mode, ' ', tau) end,
         case when n > 2000 then floor((null_mean - low_mean) / nullif(wide_mean, 0) * 20) end,
         case when n > 2000 then floor((value - low_value) / nullif(wide_value, 0) * 20) end
order by t.measure, direction, null_mean, value
