-- How many units chose each k.
SELECT k, count(*) AS units FROM users WHERE state = 'ok' GROUP BY k ORDER BY k
