-- A value is absent where its schema asks for one.
-- remedy: the file was changed or made by another program; run the user again.
-- for each: required column
-- where: {column} IS NULL
SELECT {key}, {column_name} AS column_name FROM {table} WHERE {where}
