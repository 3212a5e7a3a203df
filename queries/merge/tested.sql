-- What a test over all users is of: a value a user, with what the tests are split by.
SELECT {by}{value} AS value FROM ({rows})
