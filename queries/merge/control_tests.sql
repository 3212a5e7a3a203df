-- The p of pairs of strangers, of one test of a table.
SELECT {measure} AS measure, {feature_mode} AS feature_mode, {tau} AS tau, {direction} AS direction, {null} AS "null", {p} AS p
FROM ({rows})
