-- Tests of the differences over all persons.
select measure, feature_mode as "mode", tau as lag, n as persons, median, share_positive as "share above 0",
       location as "estimate", location_low as "from", location_high as "to", p, q
from group_tests where difference <> 'coupling' order by measure, "mode", lag
