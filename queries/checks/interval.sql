-- Effective value, share and interval are not in order.
-- remedy: the file was changed or made by another program; run the user again.
-- for each: interval column
SELECT {key}, {effective} AS effective, {share} AS share, {column} AS low, {high} AS high
FROM {table}
WHERE {column} > {effective} OR {effective} > {high}
   OR ({column} IS NULL) <> ({high} IS NULL)
   OR {share} > 1.0 + 1e-9
   OR ({share} > 0.0 AND {effective} < 0.0) OR ({share} < 0.0 AND {effective} > 0.0)
