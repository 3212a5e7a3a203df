"""Asks `results sql` and DuckDB the same random questions and compares the answers.

Usage: python compare_with_duckdb.py RESULTS_PROGRAM DIRECTORY [QUESTIONS] [SEED]. DIRECTORY is any output of `merge`; the questions
bring their own rows. A refusal with a hint is as good as the right answer. Joins by USING, set operations with ALL, NOT IN beside
nulls, moving frames, NaN, and sums of large whole numbers are asked for.
"""

import csv
import io
import math
import random
import re
import subprocess
import sys

import duckdb

program, directory = sys.argv[1:3]
questions = int(sys.argv[3]) if len(sys.argv) > 3 else 120
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(10**6)
choose = random.Random(seed)
LARGEST = 9223372036854775807


def values(columns, kinds, rows):
    """A table of literals: `(select cast(a as bigint) as k, … from (values …) v(a, b))`."""
    pick = {
        "key": lambda: choose.choice([1, 2, 3, 4, "null"]),
        "place": None,
        "double": lambda: choose.choice([0.5, 1.0, -2.0, 3.25, 8.0, "null"]),
        "wild": lambda: choose.choice([0.5, -2.0, 3.25, "1e20", "'nan'", "'inf'", "null"]),
        "large": lambda: choose.choice([1, -7, LARGEST, LARGEST - 1, "null"]),
    }
    types = {"key": "bigint", "place": "bigint", "double": "double", "wild": "double", "large": "bigint"}
    lines = []
    for place in range(rows):
        cells = [place if kind == "place" else pick[kind]() for kind in kinds]
        lines.append("(" + ", ".join(f"cast({cell} as {types[kind]})" for cell, kind in zip(cells, kinds)) + ")")
    return f"(values {', '.join(lines)}) {columns}"


def join():
    a, b = values("a(k, x)", ["key", "place"], 4), values("b(k, y)", ["key", "place"], 4)
    kind = choose.choice(["join", "left join", "right join", "full join", "natural join", "natural left join", "natural full join"])
    using = "" if kind.startswith("natural") else "using (k)"
    select, end = choose.choice([("k, x, y", ""), ("*", ""), ("k, count(*)", "group by k"), ("k, y", "where k > 1")])
    return f"select {select} from (select * from {a}) a {kind} (select * from {b}) b {using} {end}"


def joins():
    """Three tables."""
    a, b, c = (values(f"{name}(k, {name})", ["key", "place"], 3) for name in "abc")
    kinds = [choose.choice(["join", "left join"]) for _ in range(2)]
    keys = choose.choice(["a.k", "a.k, b.k", "a, b, c"])
    return f"select {keys.replace('b.k', 'b.k as l')} from (select * from {a}) a {kinds[0]} (select * from {b}) b using (k) {kinds[1]} (select k, c from {c}) c on c.k = a.k"


def set_operation():
    sides = [f"select k from {values('v(k)', ['key'], choose.randint(1, 6))}" for _ in range(2)]
    return f" {choose.choice(['union', 'except', 'intersect'])} {choose.choice(['', 'all'])} ".join(sides)


def not_in():
    a = values("a(i, k)", ["place", "key"], 5)
    b = values("b(j, l)", ["place", "key"], choose.randint(1, 4))
    value = choose.choice(["k", "k", "3", "k + 1"])
    within = choose.choice(["", "where l is not null", "where j < i", "where j = i", "where l > 9"])
    found = choose.choice([f"{value} not in (select l from {b} {within})", f"not ({value} in (select l from {b} {within}))"])
    more = choose.choice(["", " or i = 2", " and i > 0", " or k is null"])
    return f"select i from {a} where {found}{more}"


def frame():
    wild = choose.choice(["double", "wild"])
    of = choose.choice(["sum(x)", "avg(x)", "min(x)", "max(x)", "var_pop(x)", "stddev_pop(x)", "corr(x, y)", "covar_pop(x, y)", "count(x)"])
    if wild == "wild" and of[:3] in ("cor", "cov"):
        wild = "double"
    if choose.random() < 0.4:
        # Frames by value and by group of equal values.
        start, end = choose.choice([("1 preceding", "current row"), ("1 preceding", "1 following"), ("unbounded preceding", "1 preceding")])
        v = values("v(i, t, x, y)", ["place", "key", wild, "double"], 8)
        return f"select i, {of} over (order by t {choose.choice(['range', 'groups'])} between {start} and {end}) from {v} where t is not null"
    start, end = choose.choice([("1 preceding", "current row"), ("2 preceding", "1 preceding"), ("current row", "2 following"), ("unbounded preceding", "current row")])
    v = values("v(i, x, y)", ["place", wild, "double"], 8)
    return f"select i, {of} over (order by i rows between {start} and {end}) from {v}"


def not_a_number():
    v = values("v(g, x)", ["key", "wild"], 8)
    return choose.choice(
        [
            f"select g, max(x), min(x) from {v} group by g",
            f"select max(x), min(x), count(x), count(distinct x) from {v}",
            f"select g, x from {v} where x > 1",
            f"select x, count(*) from {v} group by x",
            f"select x, -x > 2, greatest(x, 1.0), x = x, x between 0 and 4 from {v}",
            f"select g, rank() over (order by x nulls last) from {v}",
            f"select count(*) from {v} where x in (select x from {v})",
        ]
    )


def lists():
    v = values("v(i, k)", ["place", "key"], 5)
    found = f"k {choose.choice(['=', '<>', '<', '>='])} {choose.choice(['any', 'all'])}({choose.choice(['[1, 3]', '[2, null]', '[4]'])})"
    return f"select i, {found} from {v}" if choose.random() < 0.5 else f"select i from {v} where {choose.choice(['', 'not '])}({found})"


def large():
    v = values("v(g, x)", ["key", "large"], 5)
    return choose.choice(
        [f"select g, sum(x) from {v} group by g", f"select sum(x) from {v}", f"select x + 1 from {v}", f"select x * g from {v}"]
    )


def plain(cell):
    """A cell as text that does not depend on the program that wrote it."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return str(cell)
    try:
        number = float(cell)
    except ValueError:
        return str(cell)
    if math.isnan(number) or math.isinf(number) or abs(number) >= 1e15:
        # Whole numbers beyond the precision of a double stay themselves.
        return str(cell) if str(cell).lstrip("-").isdigit() else f"{number:.9g}"
    return f"{round(number, 7) + 0.0:.7f}"


def of_results(query):
    said = subprocess.run([program, "sql", "--run", directory, "--format", "csv", query], capture_output=True, text=True, timeout=120)
    if said.returncode == 0:
        return sorted([plain(cell) for cell in row] for row in list(csv.reader(io.StringIO(said.stdout)))[1:])
    if said.returncode == 1 and "(hint:" in said.stderr:
        return None
    sys.exit(f"seed {seed}: {query}\nends with {said.returncode}: {said.stderr}")


def of_duckdb(query):
    # The spread of a single infinite value is NaN here, as in Postgres, and 0 there.
    query = re.sub(
        r"(\w+_pop\(x\)) over (\([^()]*\))",
        r"case when count(x) over \2 = 1 and isinf(max(x) over \2) then cast('nan' as double) else \1 over \2 end",
        query,
    )
    try:
        rows = [[plain(cell) for cell in row] for row in duckdb.sql(query).fetchall()]
        if "corr(" in query:
            # Of fewer than two pairs, or of equal ones, there is no correlation: NaN there, null here.
            rows = [["" if cell == "nan" else cell for cell in row] for row in rows]
        return sorted(rows)
    except duckdb.OutOfRangeException:
        return "out of range"


refused = 0
for number in range(questions):
    query = choose.choice([join, joins, set_operation, not_in, frame, not_a_number, lists, large])()
    found = of_results(query)
    if found is None:
        refused += 1
        continue
    expected = of_duckdb(query)
    if found != expected:
        sys.exit(f"seed {seed}, question {number}: {query}\nresults: {found}\nDuckDB:  {expected}")
if refused == questions:
    sys.exit("every question was refused")
print(f"seed {seed}: {questions} questions, {refused} refused, the others answered as DuckDB does")
