-- Tests of the differences of the two directions over all persons.
select measure, difference, feature_mode, tau, n, median, share_positive, p, q, location, location_low, location_high
from group_tests where difference <> 'coupling' order by difference, feature_mode, tau
