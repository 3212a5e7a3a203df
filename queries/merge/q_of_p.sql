-- The q of each value of one p: Benjamini-Hochberg, or Benjamini-Yekutieli with {factor} = harmonic(m).
-- q = min over all p of the family at or above this one of p / (rank / m), at most 1.
-- m counts the p that are not null.
SELECT {family}{p} AS p,
       least(1.0, min({factor} * ({p} / (rank_in_family / size_of_family)))
                      OVER ({partition} ORDER BY {p} DESC)) AS q
FROM (SELECT {family}{p},
             CAST(sum(n) OVER ({partition} ORDER BY {p}) AS DOUBLE) AS rank_in_family,
             CAST(sum(n) OVER ({partition}) AS DOUBLE) AS size_of_family
      FROM ({counts}))
