-- A p of a scan over lags is not what its whole numbers give.
-- remedy: the file was changed or made by another program; run the user again.
-- needs: lag_scan
SELECT user_id, feature_mode, measure, direction, lags, best_tau, z, p_scan, p_floor, exceedances_scan, surrogates_scan, exhaustive, reason
FROM (SELECT *, CAST(exceedances_scan AS DOUBLE) / CAST(surrogates_scan AS DOUBLE) AS share,
             (1.0 + exceedances_scan) / (1.0 + surrogates_scan) AS with_own
      FROM lag_scan)
WHERE (p_scan IS NULL) = (reason IS NULL)
   OR (p_scan IS NULL) <> (best_tau IS NULL)
   OR exceedances_scan > surrogates_scan
   OR p_scan < p_floor - 1e-12
   OR (exhaustive AND abs(p_scan - share) > 1e-12)
   OR (NOT exhaustive AND abs(p_scan - with_own) > 1e-12 AND abs(p_scan - share) > 1e-12)
