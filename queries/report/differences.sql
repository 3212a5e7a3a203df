-- Tests of the differences of the two directions over all persons. (Distinct anyway: of groups without rows the engine finds no order
-- without that word.)
select distinct measure, difference, feature_mode, tau, n, median, share_positive, p, q, location, location_low, location_high
from group_tests where difference <> 'coupling' order by difference, feature_mode, tau
