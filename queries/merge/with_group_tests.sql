-- The rows of a table, in their order, with the p and q of its group test beside each.
SELECT {columns}, g.p AS {group_p}, g.q AS {group_q}
FROM (SELECT * FROM {groups} WHERE difference = {difference_name}) g
RIGHT JOIN ({rows}) t ON {same_group}
