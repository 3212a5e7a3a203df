-- One test over all users per feature mode and tau: is the difference of the two directions symmetric about 0? Or, of
-- one direction: does the effective value lie above 0?
SELECT {measure} AS measure, {difference_name} AS difference, {feature_mode} AS feature_mode, {tau} AS tau,
       count(value) AS n,
       sum(CASE WHEN value = 0 THEN 1 ELSE 0 END) AS n_zero,
       avg(CASE WHEN value > 0 THEN 1.0 WHEN value IS NOT NULL THEN 0.0 END) AS share_positive,
       signed_ranks(nanvl(value, NULL)) AS found{direction}
FROM ({tested})
GROUP BY {by}
