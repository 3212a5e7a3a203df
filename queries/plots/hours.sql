-- At which hours of the day was there data?
-- mark: range
-- x: hour "hour of the day"
-- y: median "kept rows of a person"
-- low: quarter
-- high: three_quarters
-- facet: feature_mode
-- section: data
-- order: 10
-- needs: hour_bins
-- caption: The dot is the median over persons, the line goes from the first to the third quartile.
-- empty: No person has kept rows.
select feature_mode, idx as hour, approx_percentile_cont("count", 0.5) as median,
       approx_percentile_cont("count", 0.25) as quarter, approx_percentile_cont("count", 0.75) as three_quarters,
       sum("count") as kept_rows, count(*) as persons
from hour_bins where kind = 'hour'
group by feature_mode, idx order by feature_mode, idx
