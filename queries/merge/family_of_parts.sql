-- The same of all parts together.
SELECT {group}coalesce(sum(family_size), 0) AS family_size,
       sum(significant) AS significant,
       min(surrogates) AS surrogates,
       max(p_floor) AS p_floor,
       sum(above) AS above,
       sum(out_of_reach) AS out_of_reach
FROM ({parts}) {group_by}
