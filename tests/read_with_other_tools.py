"""Reads the table `te` of a run directory with DuckDB, polars and pandas, without help from `results`.

Usage: python read_with_other_tools.py RUN_DIR. Tools that are not installed are skipped with a message.
"""

import sys
from pathlib import Path

run = Path(sys.argv[1])
found = {}


def attempt(name, read):
    try:
        found[name] = read()
    except ImportError as error:
        print(f"{name}: skipped, {error}")


def duckdb():
    import duckdb

    glob = str(run / "te" / "**" / "*.parquet")
    rows = duckdb.sql(
        f"select user_id, shard, tau, TE_A2S from read_parquet('{glob}', hive_partitioning=true) order by user_id, tau"
    ).fetchall()
    return [(str(user), int(shard), int(tau), te) for user, shard, tau, te in rows]


def polars():
    import polars

    frame = polars.read_parquet(run / "te", hive_partitioning=True).sort("user_id", "tau")
    return [
        (str(user), int(shard), int(tau), te)
        for user, shard, tau, te in frame.select("user_id", "shard", "tau", "TE_A2S").iter_rows()
    ]


def pandas():
    import pandas

    frame = pandas.read_parquet(run / "te")
    frame["user_id"] = frame["user_id"].astype(str)
    frame = frame.sort_values(["user_id", "tau"])
    columns = ["user_id", "shard", "tau", "TE_A2S"]
    return [(u, int(s), int(t), te) for u, s, t, te in frame[columns].itertuples(index=False)]


attempt("duckdb", duckdb)
attempt("polars", polars)
attempt("pandas", pandas)
for name, rows in found.items():
    assert rows, f"{name} read no rows"
    assert rows == next(iter(found.values())), f"{name} reads other rows"
    print(f"{name}: {len(rows)} rows of {len({row[0] for row in rows})} users")
