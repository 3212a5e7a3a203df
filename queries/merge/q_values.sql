-- Adds a q for one p: Benjamini-Hochberg, or Benjamini-Yekutieli with {factor} = harmonic(m).
-- q = min over all p of the family at or above this one of p / (rank / m), at most 1.
-- m counts the p that are not null; a null p keeps a null q.
SELECT {columns},
       CASE WHEN {p} IS NOT NULL THEN
         least(1.0, min({factor} * ({p} / (rank_in_family / size_of_family)))
                      OVER (PARTITION BY {family_prefix} {p} IS NULL ORDER BY {p} DESC
                            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
       END AS {q}
FROM (SELECT {columns},
             CAST(row_number() OVER (PARTITION BY {family_prefix} {p} IS NULL ORDER BY {p}) AS DOUBLE) AS rank_in_family,
             CAST(count({p}) OVER ({family_partition}) AS DOUBLE) AS size_of_family
      FROM ({rows}))
