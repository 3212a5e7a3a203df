-- Units that are ok but have another number of rows in a table than the plan says.
SELECT p.user_id, p.feature_mode, p.table_name, p.planned, coalesce(f.found, 0) AS found
FROM planned p
JOIN winners l ON l.user_id = p.user_id AND l.feature_mode = p.feature_mode AND l.state = 'ok'
LEFT JOIN (SELECT attempt, run_index, table_name, sum(row_count) AS found
           FROM files GROUP BY attempt, run_index, table_name) f
  ON f.attempt = l.attempt AND f.run_index = l.run_index AND f.table_name = p.table_name
WHERE coalesce(f.found, 0) <> p.planned
ORDER BY p.user_id, p.feature_mode, p.table_name
