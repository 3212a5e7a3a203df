-- How many tests have no p against a null, by the reason; a null that was spared says nothing about the data.
SELECT reason, count(*) AS tests FROM nulls
WHERE p IS NULL AND reason IS NOT NULL AND reason <> 'another null is above stop_above'
GROUP BY reason ORDER BY reason
