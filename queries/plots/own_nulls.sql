-- Where do the values of a person lie among those of their surrogates?
-- mark: range
-- x: value "value"
-- y: test "test"
-- low: low
-- high: high
-- color: direction
-- facet: measure
-- free: x, y
-- needs: tests, users
-- caption: The dot is the value. The line goes 1.96 standard deviations of the surrogates to either side of their mean, where 95 % of
--    them are if they are spread like a bell. A dot to the right of its line is more than chance makes.
-- empty: This person has no test with surrogates.
-- param user=null: one person; null: the first
select measure, concat(case when tau is null then '' else concat('lag ', tau) end,
                       case when tau is null or feature_mode is null then '' else ', ' end, coalesce(feature_mode, '')) as test,
       direction, value, null_mean - 1.96 * null_std as low, null_mean + 1.96 * null_std as high
from tests
where (user_id = $user or ($user is null and user_id = (select min(user_id) from users)))
      and value is not null and null_mean is not null
order by measure, feature_mode, tau, direction
