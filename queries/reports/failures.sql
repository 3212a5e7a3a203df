-- Units that failed or were skipped, by reason.
SELECT state, reason, count(*) AS units, min(user_id) AS for_example FROM users WHERE state <> 'ok'
GROUP BY state, reason ORDER BY units DESC, reason
