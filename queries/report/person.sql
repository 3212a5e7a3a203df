-- All tests of a person.
select measure, feature_mode as "mode", tau as lag, direction, value, null_mean as "mean of the null", null_std as "its deviation",
       effective as "value less bias", low as "from", high as "to", exceedances, surrogates, n_obs as "observations", p, q
from tests where user_id = $user order by measure, feature_mode, tau, direction
