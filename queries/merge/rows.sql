-- The rows of a table, one per user and key: those of the attempts that speak for their units.
SELECT user_id, {columns} FROM {space}.{table}
