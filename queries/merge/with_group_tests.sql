-- The rows of a table with the p and q of its group test beside each.
SELECT {columns}, g.p AS {group_p}, g.q AS {group_q}
FROM ({rows}) t
LEFT JOIN group_tests g ON g.difference = {difference_name} AND {same_group}
