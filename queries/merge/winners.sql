-- The attempt that speaks for each unit; all other attempts of the unit are duplicates.
-- An attempt that is ok beats one that is not; then {newest_first} decides, then the order of the runs.
SELECT run_index, attempt
FROM (
  SELECT run_index, attempt,
         row_number() OVER (
           PARTITION BY user_id, feature_mode
           ORDER BY CASE state WHEN 'ok' THEN 0 ELSE 1 END,
                    finished_at {newest_first}, run_index, attempt) AS place
  FROM ledger)
WHERE place = 1
