-- A p of a null is not what its whole numbers give.
-- remedy: the file was changed or made by another program; run the user again.
-- needs: nulls
SELECT user_id, feature_mode, measure, tau, direction, "null", p, p_floor, exceedances, surrogates, exhaustive, reason
FROM (SELECT *, CAST(exceedances AS DOUBLE) / CAST(surrogates AS DOUBLE) AS share,
             (1.0 + exceedances) / (1.0 + surrogates) AS with_own
      FROM nulls)
WHERE (p IS NULL) = (reason IS NULL)
   OR exceedances > surrogates
   OR p < p_floor - 1e-12
   -- Days as they are, are among all their arrangements; an unmoved source is none of the shifts.
   OR (exhaustive AND "null" = 'days' AND abs(p - share) > 1e-12)
   OR (exhaustive AND "null" <> 'days' AND abs(p - with_own) > 1e-12)
   OR (NOT exhaustive AND abs(p - with_own) > 1e-12 AND abs(p - share) > 1e-12)
