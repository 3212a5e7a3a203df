-- The rows of a table, one per user and key: those of the winning attempts.
SELECT user_id, {columns} FROM winning.{table}
