-- One family of p-values that are corrected together: how many, by what, and what can be reached at all.
-- A permutation p is at least 1 / (surrogates + 1); {smallest_p} is that of the test with the fewest. Where p has no
-- smallest value, neither has q: least() would leave the null out.
-- pi0 is the share of tests without an effect by those above 0.5 (Storey 2002).
SELECT {measure} AS measure, {table_name} AS table_name, {q_column} AS q_column, {tau} AS tau,
       family_size, {method} AS method, CAST({alpha} AS DOUBLE) AS alpha, significant, ({smallest_p}) AS smallest_p,
       CASE WHEN family_size > 0 AND ({smallest_p}) IS NOT NULL THEN least(1.0, {factor} * family_size * ({smallest_p})) END AS q_if_alone{named}
FROM ({whole})
