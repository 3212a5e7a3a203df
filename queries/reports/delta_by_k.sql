-- Difference of the two directions of transfer entropy by k and tau.
SELECT k, tau, count(Delta_TE) AS n, avg(Delta_TE) AS mean_bits, median(Delta_TE) AS median_bits
FROM te GROUP BY k, tau ORDER BY k, tau
