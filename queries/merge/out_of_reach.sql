-- How many tests could not have reached alpha, whatever the data: their smallest possible p is above it.
SELECT CAST(coalesce(sum(out_of_reach), 0) AS BIGINT) AS out_of_reach, CAST(coalesce(sum(family_size), 0) AS BIGINT) AS tests
FROM families
