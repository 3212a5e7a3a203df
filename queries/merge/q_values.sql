-- Adds a q for one p: Benjamini-Hochberg, or Benjamini-Yekutieli with {factor} = harmonic(m).
-- q = min over all p of the family at or above this one of p / (rank / m), at most 1.
-- m counts the p that are not null; a null p keeps a null q.
-- The q of each value of p is found first: rows may be many, and the order they come in is kept.
SELECT {columns}, f.q AS {q}
FROM (SELECT {family}{p} AS p,
             least(1.0, min({factor} * ({p} / (rank_in_family / size_of_family)))
                          OVER ({partition} ORDER BY {p} DESC)) AS q
      FROM (SELECT {family}{p},
                   CAST(sum(n) OVER ({partition} ORDER BY {p}) AS DOUBLE) AS rank_in_family,
                   CAST(sum(n) OVER ({partition}) AS DOUBLE) AS size_of_family
            FROM (SELECT {family}{p}, count(*) AS n FROM ({source}) WHERE {p} IS NOT NULL GROUP BY {family}{p}))) f
RIGHT JOIN ({rows}) t ON {same_family}f.p = t.{p}
