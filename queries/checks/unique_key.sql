-- Two rows of a table have the same user and key.
-- remedy: a unit wrote a row twice; this is a defect of the analysis, please report it.
-- for each: keyed table
SELECT {key}, count(*) AS "rows" FROM {table} GROUP BY {key} HAVING count(*) > 1
