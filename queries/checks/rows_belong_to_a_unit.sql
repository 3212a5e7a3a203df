-- Rows of a user that is not in the ledger.
-- remedy: files were put into the run by hand; take them out, or run the user with `results run`.
-- for each: user table
SELECT {key} FROM {table} WHERE user_id NOT IN (SELECT user_id FROM users)
