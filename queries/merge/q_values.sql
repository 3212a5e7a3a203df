-- Adds a q for one p, by the value of p: rows may be many, and the order they come in is kept. A null p keeps a null q.
SELECT {columns}, f.q AS {q}
FROM ({q_of_p}) f
RIGHT JOIN ({rows}) t ON {same_family}f.p = t.{p}
