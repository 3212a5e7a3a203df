-- A column repeats a setting of the configuration, and a row has another value.
-- remedy: the row was made with other settings, or the file was changed; run the user again.
-- for each: constant column
-- where: {column} <> {value}
SELECT {key}, {column_name} AS column_name, {column} AS value, {value} AS configured
FROM {table}
WHERE {where}
