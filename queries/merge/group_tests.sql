-- One test over all users per feature mode and tau: is the difference of the two directions symmetric about 0? Or, of
-- one direction: does the effective value lie above 0?
SELECT measure, difference, feature_mode, tau, n, n_zero, median, share_positive, p,
       location, ends[1] AS location_low, ends[2] AS location_high{direction}
FROM (SELECT {measure} AS measure, {difference_name} AS difference, {feature_mode} AS feature_mode, {tau} AS tau,
             count({difference}) AS n,
             sum(CASE WHEN {difference} = 0 THEN 1 ELSE 0 END) AS n_zero,
             median({difference}) AS median,
             avg(CASE WHEN {difference} > 0 THEN 1.0 WHEN {difference} IS NOT NULL THEN 0.0 END) AS share_positive,
             {test}(nanvl({difference}, NULL)) AS p,
             hodges_lehmann(nanvl({difference}, NULL)) AS location,
             hodges_lehmann_interval(nanvl({difference}, NULL)) AS ends
      FROM ({rows})
      GROUP BY {by})
