-- A p is not the largest of its nulls, or the null that is named does not have it.
-- remedy: the file was changed or made by another program; run the user again.
-- for each: judged column
-- needs: nulls
SELECT {t_key}, t.{column} AS p, t.{null} AS named, t.{floor} AS p_floor, n.p AS largest, n.p_floor AS of_nulls, d.p AS p_of_named
FROM {table} t
LEFT JOIN (SELECT user_id, feature_mode{tau}, max(p_floor) AS p_floor,
                  CASE WHEN count(CASE WHEN p IS NULL AND reason <> 'another null is above stop_above' THEN 1 END) = 0 THEN max(p) END AS p
           FROM nulls WHERE measure = {table_name} AND direction = {direction} GROUP BY user_id, feature_mode{tau}) n
  ON n.user_id = t.user_id AND n.feature_mode = t.feature_mode{same_tau}
LEFT JOIN (SELECT user_id, feature_mode{tau}, "null", p
           FROM nulls WHERE measure = {table_name} AND direction = {direction}) d
  ON d.user_id = t.user_id AND d.feature_mode = t.feature_mode AND d."null" = t.{null}{same_tau_named}
WHERE (t.{null} IS DISTINCT FROM 'parametric')
  AND ((t.{column} IS DISTINCT FROM n.p)
    OR (t.{column} IS NOT NULL AND ((d.p IS DISTINCT FROM t.{column}) OR (t.{floor} IS DISTINCT FROM n.p_floor))))
