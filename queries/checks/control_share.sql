-- A share of strangers, its interval or its verdict is not what its whole numbers give.
-- remedy: the file was changed or made by another program; merge the control again.
-- needs: control
SELECT measure, feature_mode, tau, direction, "null", pairs, rejected, share, low, high, verdict, alpha
FROM (SELECT *, CASE WHEN pairs > 0 THEN CAST(rejected AS DOUBLE) / CAST(pairs AS DOUBLE) END AS counted,
             clopper_pearson_low(rejected, pairs) AS least, clopper_pearson_high(rejected, pairs) AS most,
             CASE WHEN low <= alpha THEN 'holds' WHEN low > alpha THEN 'too many' END AS judged
      FROM control)
WHERE rejected > pairs
   OR (share IS NULL) <> (counted IS NULL) OR abs(share - counted) > 1e-12
   OR (low IS NULL) <> (least IS NULL) OR abs(low - least) > 1e-12
   OR (high IS NULL) <> (most IS NULL) OR abs(high - most) > 1e-12
   OR low > share OR share > high
   OR (verdict IS DISTINCT FROM judged)
