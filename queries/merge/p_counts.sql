-- How often each value of a p is there, by family: all that a correction needs of the rows. A null p is none.
SELECT {family}{p}, count(*) AS n FROM ({source}) WHERE {p} IS NOT NULL GROUP BY {family}{p}
