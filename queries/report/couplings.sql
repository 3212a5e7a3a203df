-- Tests of each direction over all persons: does the effective value lie above 0?
select measure, difference, direction, feature_mode, tau, n, median, share_positive, p, q, location, location_low, location_high
from group_tests where difference = 'coupling' order by measure, feature_mode, tau, direction
