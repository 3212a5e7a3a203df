-- Values of one column in which a duplicate attempt differs from the attempt that speaks for its unit.
SELECT coalesce(w.user_id, d.user_id) AS user_id, {key_text} AS row_key, {column_name} AS column_name,
       CASE WHEN w.user_id IS NULL THEN '(no such row)' ELSE coalesce(CAST(w.{column} AS VARCHAR), '(null)') END AS one,
       CASE WHEN d.user_id IS NULL THEN '(no such row)' ELSE coalesce(CAST(d.{column} AS VARCHAR), '(null)') END AS other,
       coalesce(concat(w.run, ' ', w.attempt), '') AS one_source,
       coalesce(concat(d.run, ' ', d.attempt), '') AS other_source
FROM one.{table} w
FULL JOIN other.{table} d ON {same_key}
WHERE w.{column} IS DISTINCT FROM d.{column}
ORDER BY 1, 2, 7
