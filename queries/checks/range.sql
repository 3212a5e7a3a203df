-- A value lies outside the range its schema allows.
-- remedy: the file was changed or made by another program; run the user again.
-- for each: ranged column
-- where: {column} < {min} OR {column} > {max} OR isnan(CAST({column} AS DOUBLE))
SELECT {key}, {column_name} AS column_name, {column} AS value
FROM {table}
WHERE {where}
