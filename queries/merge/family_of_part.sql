-- What rows say of one family of p-values: sums, smallest and largest values, so that those of parts can be put together.
SELECT {group}count({p}) AS family_size,
       sum(CASE WHEN {q} < {alpha} THEN 1 ELSE 0 END) AS significant,
       {surrogates} AS surrogates,
       {floor} AS p_floor,
       sum(CASE WHEN {p} > 0.5 THEN 1 ELSE 0 END) AS above,
       {reach} AS out_of_reach
FROM {table} {group_by}
