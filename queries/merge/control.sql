-- What share of pairs of strangers each test calls. Nothing can be coupled there: a share well above alpha is the test's own.
SELECT measure, feature_mode, tau, direction, "null", pairs, rejected,
       CASE WHEN pairs > 0 THEN CAST(rejected AS DOUBLE) / CAST(pairs AS DOUBLE) END AS share, low, high, ks,
       CASE WHEN low <= {alpha} THEN 'holds' WHEN low > {alpha} THEN 'too many' END AS verdict,
       CAST({alpha} AS DOUBLE) AS alpha
FROM (SELECT *, clopper_pearson_low(rejected, pairs) AS low, clopper_pearson_high(rejected, pairs) AS high
      FROM (SELECT measure, feature_mode, tau, direction, "null", count(p) AS pairs,
                   sum(CASE WHEN p <= {alpha} THEN 1 ELSE 0 END) AS rejected, ks_uniform(nanvl(p, NULL)) AS ks
            FROM ({tests}) GROUP BY measure, feature_mode, tau, direction, "null"))
