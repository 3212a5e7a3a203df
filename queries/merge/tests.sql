-- The tests of users: a row a p, with what it rests on. What a table has no column for is null.
SELECT {measure} AS measure, {table_name} AS table_name, user_id, {feature_mode} AS feature_mode, {tau} AS tau,
       {direction} AS direction, {value} AS value, {effective} AS effective, {null_mean} AS null_mean,
       {null_std} AS null_std, {z} AS z, {exceedances} AS exceedances, {surrogates} AS surrogates,
       {low} AS low, {high} AS high, {n_obs} AS n_obs, {p} AS p, {q} AS q, CAST({alpha} AS DOUBLE) AS alpha,
       {quality_passed} AS quality_passed
FROM {table}
