-- What was found of several tests, each in a column of its own, and their q: they are corrected together.
SELECT t.*, {q_of}(p) OVER () AS q
FROM (SELECT measure, difference, feature_mode, tau, n, n_zero, found[1] AS median, share_positive, found[{p}] AS p,
             found[4] AS location, found[5] AS location_low, found[6] AS location_high{direction}
      FROM ({tests})) t
