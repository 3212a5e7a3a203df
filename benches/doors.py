"""What the doors of the service cost, with the clients that people use, beside the terminal in the same sitting.

usage: doors.py RESULTS [columns] [copy] [one] [clients] [slow]

RESULTS is a release build with the doors. Prints a line a row of the table in docs/performance.md: medians of several runs and ratios.
Needs what tests/doors.py needs.
"""

import concurrent.futures
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import doors  # noqa: E402
import pyarrow.ipc  # noqa: E402
import pyarrow.parquet  # noqa: E402

PARTS = sys.argv[2:] or ["columns", "copy", "one", "clients", "slow"]
MILLION = 1_000_000
SOURCE = "run"


def rows(n, doubles):
    columns = ", ".join(f"value * {at}.5 as x{at}" for at in range(1, doubles + 1))
    return f"select value as i, 'user ' || (value % 1000) as user_id, {columns} from generate_series(1, {n})"


def seconds(do, times=5):
    """The median; the first, which warms up, is left out."""
    do()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def columns(service, folder):
    sql, file = rows(MILLION, 10), folder / "rows.arrow"

    def terminal():
        doors.run("sql", "--run", folder / "d" / "run", "--format", "arrow", "--output", file, "--", sql)
        assert pyarrow.ipc.open_stream(file).read_all().num_rows == MILLION
        file.unlink()

    def flight():
        assert doors.by_flight(connection, sql).num_rows == MILLION

    with service.connect_flight(SOURCE) as connection:
        table = doors.by_flight(connection, sql)
        pyarrow.parquet.write_table(table, folder / "rows.parquet")
        file_took = seconds(lambda: pyarrow.parquet.read_table(folder / "rows.parquet"))
        here, there = seconds(terminal), seconds(flight)
    print(f"1 M rows of 12 columns: ADBC {there:.2f} s, terminal and reading its file {here:.2f} s ({there / here:.2f}; asked 1.3), "
          f"read_table {file_took:.2f} s ({there / file_took:.1f}; asked 2.5)")


def copy(service, _):
    sql = f"copy ({rows(MILLION, 4)}) to stdout (format binary)"

    def binary():
        with service.connect_postgres(SOURCE) as db, db.cursor() as cursor, cursor.copy(sql) as stream:
            return sum(len(part) for part in stream)

    size = binary()
    took = seconds(binary, 3)
    print(f"1 M rows of 6 columns, COPY binary: {took:.2f} s, {size / took / 1e6:.0f} MB/s (asked 6 s)")


def one(service, _):
    """What a small question costs, connections kept."""
    def http():
        service.http(SOURCE, "select 1 as n")

    with service.connect_flight(SOURCE) as by_flight, service.connect_postgres(SOURCE) as by_postgres:
        took = {
            "http": seconds(http, 50),
            "flight": seconds(lambda: doors.by_flight(by_flight, "select 1 as n"), 50),
            "postgres": seconds(lambda: doors.by_postgres(by_postgres, "select 1 as n", False), 50),
        }
    print("select 1: " + ", ".join(f"{door} {1000 * it:.1f} ms" for door, it in took.items()) + " (asked 15 ms over the engine's)")


def clients(service, _):
    """200, each with a connection of its own and ten questions, 60 at once: 64 of one address are let in."""
    sql = "select k, count(*) as n, avg(value) as mean from (select value, value % 7 as k from generate_series(1, 10000)) group by k order by k"
    expected = doors.rows_of(service.http(SOURCE, sql))
    wrong, most = [], 0

    def client(number):
        try:
            for _ in range(10):
                if number % 3 == 0:
                    found = doors.rows_of(service.http(SOURCE, sql))
                elif number % 3 == 1:
                    with service.connect_flight(SOURCE) as connection:
                        found = doors.rows_of(doors.by_flight(connection, sql))
                else:
                    with service.connect_postgres(SOURCE) as connection:
                        found = [doors.exact(row)[1:] for row in doors.by_postgres(connection, sql, True)[2]]
                if found != expected:
                    wrong.append((number, found))
        except Exception as error:  # whatever it is, it is one too many
            wrong.append((number, f"{type(error).__name__}: {str(error)[:200]}"))

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        list(pool.map(client, range(200)))
    took, most = time.perf_counter() - began, service.memory("VmHWM") / 1000
    print(f"200 clients, 2000 questions: {took:.0f} s, {len(wrong)} wrong, service {most:.0f} MB at most (asked 100)")
    for what in wrong[:5]:
        print("   ", what)


def slow(service, _):
    """A client reads 4 M rows at 1 MB/s."""
    query = urllib.parse.urlencode({"run": SOURCE, "sql": rows(4 * MILLION, 4), "format": "csv"})
    request = urllib.request.Request(f"{service.web}/api/v1/query?{query}")
    request.add_header("Authorization", f"Bearer {service.token}")
    until, most = time.monotonic() + 20, 0
    with urllib.request.urlopen(request, timeout=60) as answer:
        while time.monotonic() < until and answer.read(1_000_000):
            time.sleep(1)
            most = max(most, service.memory("VmRSS"))
    print(f"4 M rows read at 1 MB/s: service {most / 1000:.0f} MB (asked 100)")


def main():
    with tempfile.TemporaryDirectory(prefix="bench-doors-") as folder:
        folder = Path(folder)
        doors.run("demo", "--users", 4, "--out", folder / "d")
        with doors.served(folder / "service", folder / "d" / "run") as service:
            for part in PARTS:
                {"columns": columns, "copy": copy, "one": one, "clients": clients, "slow": slow}[part](service, folder)


main()
