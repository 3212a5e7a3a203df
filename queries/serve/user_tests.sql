-- Every test of a user: value, null and p in its integers
-- table: te
select measure, feature_mode, tau, direction, value, effective, null_mean, null_std, z, exceedances, surrogates,
       low, high, n_obs, p, q, alpha, quality_passed
from tests where user_id = $user order by measure, feature_mode, tau, direction
