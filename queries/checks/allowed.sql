-- A value isn't one of those that its schema allows.
-- remedy: the file was changed or made by another program; run the user again.
-- for each: listed column
-- where: {column} NOT IN ({values})
SELECT {key}, {column_name} AS column_name, {column} AS value
FROM {table}
WHERE {where}
