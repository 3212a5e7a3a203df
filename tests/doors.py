"""All doors give the same rows, and keep doing so while everything goes wrong at once.

usage: doors.py RESULTS [rows] [recipes] [load]

rows: every query of docs/sql.md, queries/reports, queries/plots and the tests of SQL, over a run and what was merged of it, at the
terminal, by HTTP, by Flight SQL (ADBC) and by Postgres in text and in binary (psycopg). Floats are equal bit for bit, in text the
shortest that reads back; what is an error at the terminal is one by every door, with the same words.

recipes: the blocks of docs/connect.md that are marked `python postgres`, as they stand there. Others are run by tests/pg_clients.py
and tests/flight_client.py.

load: 50 clients over the three protocols ask a run that two workers write and a merged output, while the run is compacted, the
output is merged anew, a process that answers and a worker are killed, and the run is resumed.

A client that is not there fails. All that is started here ends here.
"""

import collections
import concurrent.futures
import datetime
import fcntl
import io
import json
import math
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import adbc_driver_flightsql.dbapi as flight
import adbc_driver_manager
import pandas
import psycopg
import pyarrow
import pyarrow.ipc
import sqlalchemy
from adbc_driver_flightsql import ConnectionOptions

RESULTS = str(Path(sys.argv[1]).resolve())
PARTS = sys.argv[2:] or ["rows", "recipes", "load"]
ROOT = Path(__file__).resolve().parent.parent
DATABASE = ConnectionOptions.RPC_CALL_HEADER_PREFIX.value + "database"


def run(*args, **more):
    done = subprocess.run([RESULTS, *map(str, args)], capture_output=True, text=True, **more)
    assert done.returncode == 0, (args, done)
    return done.stdout


def read(path):
    """What a file has; nothing where it is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def kill(process):
    """Kills a process, unless it has ended."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Refused(Exception):
    """An error of any door: its code there, and its words."""

    def __init__(self, code, words):
        super().__init__(f"{code}: {words}")
        self.code, self.words = code, words


class Service:
    def __init__(self, process, told, state):
        self.process, self.web, self.flight = process, told["web"], told["flight"]
        self.host, port = told["postgres"].rsplit(":", 1)
        self.port = int(port)
        self.state = state
        self.token = (state / "token").read_text().strip()

    def get(self, path, method="GET", **query):
        query = f"?{urllib.parse.urlencode(query)}" if query else ""
        request = urllib.request.Request(f"{self.web}{path}{query}", method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
            if error.headers.get_content_type() != "application/problem+json":
                raise Refused(str(error.code), body.decode()) from None
            said = json.loads(body)
            raise Refused(said["type"].rsplit("/", 1)[-1].rsplit(":", 1)[-1], f"{said['detail']} {said.get('hint', '')}") from None

    def http(self, source, sql):
        body = self.get("/api/v1/query", run=source, sql=sql, format="arrow")
        return pyarrow.ipc.open_stream(io.BytesIO(body)).read_all()

    def connect_flight(self, source):
        login = {"username": "results", "password": self.token, DATABASE: source}
        return flight.connect(self.flight, db_kwargs=login, autocommit=True)

    def connect_postgres(self, source, autocommit=True):
        return psycopg.connect(host=self.host, port=self.port, user="results", password=self.token, dbname=source, autocommit=autocommit)

    def children(self):
        """Processes that answer a query, or wait for one. Threads and processes end while they are looked at."""
        found = []
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*"):
            found += [int(number) for number in read(thread / "children").split()]
        return [child for child in found if b"\0answer\0" in read(Path(f"/proc/{child}/cmdline"))]

    def memory(self, what):
        """kB of the service itself."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB", told, re.M)[1])

    def metric(self, name):
        told = re.findall(rf"^{name}(?:{{(.*?)}})? (\S+)$", self.get("/metrics").decode(), re.M)
        return {labels: float(value) for labels, value in told}


@contextmanager
def served(folder, *dirs):
    """A service whose state and scratch lie in a folder; none of its scratch is left when it has ended."""
    state, scratch, said = folder / "state", folder / "scratch", folder / "said"
    scratch.mkdir(parents=True)
    command = [RESULTS, "serve", *map(str, dirs), "--listen", "127.0.0.1:0", "--postgres", "127.0.0.1:0"]
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--state", str(state), "--json"],
            stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, "TMPDIR": str(scratch)},
        )
    try:
        service = Service(process, json.loads(process.stdout.readline()), state)
        service.scratch = scratch
        yield service
    finally:
        process.terminate()
        assert process.wait(30) == 0, said.read_text()
    left = list(scratch.iterdir())
    assert not left, left


# Rows

# What an SQL statement begins with, whether it is allowed or not.
BEGINS = (
    "select with values explain show describe selec drop create insert delete update truncate copy set prepare begin".split()
)
# Tests of SQL, below tests/it.
RUST = ("sql.rs", "sql_torture.rs", "sql_terminal.rs", "sql_words.rs")
# What the tests of SQL and reports without a default give as parameters.
VALUES = {"alpha": "0.05", "user": "'u00'", "n": "20", "a": "41"}
POSTGRES = ("postgres text", "postgres binary")
# (text in the query, doors that do not get it, why).
NOT_ASKED = [
    ("generate_series(1, 1000000) a", "all", "ends with its time only"),
    ("generate_series(1, 1000000000000)", "all", "ends with its time only"),
    ("union all select n from r", "all", "ends with its time only"),
    ("levenshtein(repeat(", "all", "ends with its time only"),
    ("te a, te b, te c, te d", "all", "ends with its time only"),
    ("repeat('x', 1000000000 + max(tau))", "all", "a text of 1 GB"),
    ("select 1; select 2", ("postgres text",), "the simple protocol takes several"),
    ("begin", POSTGRES, "Postgres has transactions"),
    ("[arrow_cast(9223372036854775807", "all", "a time that Python has none for"),
]

# (what a query begins with, doors, the words there): where a door says it otherwise than the terminal.
OTHER_WORDS = [
    ("set ", POSTGRES, "unknown setting"),
    ("select 1; select 2", ("http", "flight"), "these are several queries"),
    ("select 1; select 2", ("postgres binary",), "several statements are not prepared at once"),
    # What a process may take in all ends it, whatever it was at: the service has a name for such an end, and an option.
    ("with recursive r as (select 'x' as x union all select x || x", ("http", "flight", *POSTGRES),
     "this needs more memory than a query may have (1.0 GB)"),
]


def texts(path):
    """The string literals of a file of Rust."""
    found = []
    literal = re.compile(r"""//[^\n]*|'(?:[^'\\]|\\.)'|r(#*)"(.*?)"\1|"((?:[^"\\]|\\.)*)\"""", re.S)
    escapes = {"n": "\n", '"': '"', "\\": "\\"}
    for match in literal.finditer(path.read_text()):
        if match[2] is not None:
            found.append(match[2])
        elif match[3] is not None:
            text = re.sub(r"\\\n\s*", "", match[3])
            found.append(re.sub(r"\\(.)", lambda it: escapes.get(it[1], it[0]), text))
    return found


def corpus():
    """(where it stands, the query), each query once; and what was left out, with the reason."""
    found, left = {}, []

    def add(where, sql, values=()):
        values = {**VALUES, **dict(re.findall(r"^-- param (\w+)=(.*?)(?::.*)?$", sql, re.M)), **dict(values)}
        filled = re.sub(r"\$(\w+)", lambda it: values.get(it[1], it[0]), sql).strip()
        why = next((why for words, doors, why in NOT_ASKED if doors == "all" and words in filled), None)
        if re.search(r"\$\w", filled):
            why = "a parameter without a value"
        if why:
            left.append((where, " ".join(filled.split())[:70], why))
        else:
            found.setdefault(filled, where)

    page = (ROOT / "docs" / "sql.md").read_text()
    for language, block in re.findall(r"```(bash|sql)\n(.*?)```", page, re.S):
        if language == "sql" and block.startswith("-- DuckDB"):
            left.append(("docs/sql.md", " ".join(block.split())[:70], "it is for DuckDB"))
        elif language == "sql":
            add("docs/sql.md", block)
        else:
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                values = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--param")
                quoted = {name: value if re.fullmatch(r"[-\d.]+", value) else f"'{value}'" for name, value in values.items()}
                for word in words[2:]:
                    if word.split(None, 1)[0].lower() in BEGINS and " " in word:
                        add("docs/sql.md", word, quoted)
    for kind in ("reports", "plots"):
        for path in sorted((ROOT / "queries" / kind).glob("*.sql")):
            add(str(path.relative_to(ROOT)), path.read_text())
    for name in RUST:
        for text in texts(ROOT / "tests" / "it" / name):
            first = text.split(None, 1)[0].lower() if text.strip() else ""
            if first in BEGINS and (" " in text or first == "begin"):
                if "{" in text or text.rstrip().endswith(("group by", "where", "(select 1 where")):
                    left.append((f"tests/it/{name}", text[:70], "it is a part of one"))
                else:
                    add(f"tests/it/{name}", text)
    # Values of the tests that name what cannot be computed.
    torture = (ROOT / "tests" / "it" / "sql_torture.rs").read_text()
    values = re.search(r"fn values_that_no_type_holds.*", torture, re.S)[0]
    for value in re.findall(r'^ +\("(.*)", "', values, re.M):
        add("tests/it/sql_torture.rs", f"select {value}")
    for text in texts(ROOT / "tests" / "it" / "sql_words.rs"):
        if re.match(r"(make_array\()?named_struct\(", text) and "{" not in text:
            add("tests/it/sql_words.rs", f"select {text} as s")
    named = {name for _, name in found.items()} | {name for name, _, _ in left}
    assert all(f"tests/it/{name}" in named for name in RUST), named
    return [(where, sql) for sql, where in found.items()], left


def keys(sql, names):
    """By which columns a query says, at its outermost, that its rows are in order; all of them, if by something that is no column."""
    plain = re.sub(r"'[^']*'|--[^\n]*", "", sql)
    while (inner := re.sub(r"\([^()]*\)", "()", plain.replace("()", ""))) != plain:
        plain = inner
    said = re.search(r"\border\s+by\b(.*?)(\blimit\b.*)?$", plain, re.I | re.S)
    if not said:
        return []
    by = [one.split()[0].split(".")[-1].strip('"') for one in said[1].split(",") if one.split()]
    at = [int(one) - 1 if one.isdigit() else names.index(one) if one in names else None for one in by]
    return list(range(len(names))) if None in at else at


def in_order(at, rows):
    return [tuple(row[one] for one in at) for row in rows]


def exact(value):
    """A value as something that is equal only where it is the same, bit for bit; every NaN is one."""
    if isinstance(value, float):
        return ("NaN",) if math.isnan(value) else ("float", struct.pack(">d", value))
    if isinstance(value, (list, tuple)):
        return ("list", *map(exact, value))
    if isinstance(value, dict):
        return ("row", *((name, exact(one)) for name, one in value.items()))
    return (type(value).__name__, str(value)) if value is not None else ()


def rows_of(table):
    columns = [column.to_pylist() for column in table.columns]
    return [tuple(exact(column[row]) for column in columns) for row in range(table.num_rows)]


def plain_type(kind):
    """Views and dictionaries are ways to write the same."""
    named = str(kind).replace("_view", "").replace("large_", "")
    return re.sub(r"dictionary<values=(\w+),.*", r"\1", named)


def schema_of(table):
    return [(field.name, plain_type(field.type)) for field in table.schema]


def digits(text):
    """The digits of a number that count."""
    return re.sub(r"[eE].*", "", text).replace("-", "").replace(".", "").strip("0")


def by_terminal(source, sql):
    done = subprocess.run(
        [RESULTS, "sql", "--run", str(source), "--memory", "1GB", "--format", "arrow", "--", sql], capture_output=True, timeout=300
    )
    if done.returncode:
        said = done.stderr.decode()
        assert said.startswith("error: "), said
        raise Refused(done.returncode, said.removeprefix("error: "))
    return pyarrow.ipc.open_stream(io.BytesIO(done.stdout)).read_all()


def by_flight(connection, sql):
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()
    except (adbc_driver_manager.Error, pyarrow.lib.ArrowException, OSError) as error:
        # The driver has fewer kinds than gRPC, whose own it tells behind the words.
        status = re.findall(r"\((\w+); (?:Prepare|DoGet|GetFlightInfo|Execute)", str(error))
        raise Refused(status[-1] if status else str(error).split(":", 1)[0], str(error)) from None


def by_postgres(connection, sql, binary):
    """The raw cells, and the values that psycopg makes of them."""
    try:
        with connection.cursor(binary=binary) as cursor:
            cursor.execute(sql)
            result = cursor.pgresult
            if cursor.description is None:
                return [], [], []
            names = [column.name for column in cursor.description]
            raw = [[result.get_value(row, at) for at in range(result.nfields)] for row in range(result.ntuples)]
            return names, raw, cursor.fetchall()
    except psycopg.Error as error:
        raise Refused(error.sqlstate, str(error)) from None


def alike(value, other):
    """Whether a value that Arrow gave and one of psycopg are the same."""
    if isinstance(value, float) or isinstance(other, float):
        return isinstance(value, float) and isinstance(other, float) and exact(value) == exact(other)
    if isinstance(value, dict) and isinstance(other, tuple):
        # A row of Postgres has no names, and in text no types.
        fields = [str(one) if isinstance(part, str) else one for one, part in zip(value.values(), other)]
        return len(value) == len(other) and all(map(alike, fields, other))
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(alike, value, other))
    if isinstance(value, Decimal) and isinstance(other, Decimal):
        return value == other
    if isinstance(value, pyarrow.MonthDayNano) and value.months == 0:
        value = datetime.timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
    if isinstance(value, pandas.Timestamp):
        # Postgres and psycopg have microseconds.
        value = value.floor("us").to_pydatetime()
    return type(value) is type(other) and value == other


def order_of(row):
    return repr([exact(value) for value in row])


class Rows:
    """Compares, and counts."""

    def __init__(self):
        self.faults, self.compared, self.errors, self.floats = [], 0, 0, 0
        self.lock = threading.Lock()

    def fault(self, door, source, sql, what):
        with self.lock:
            self.faults.append(f"{door} of {source}: {' '.join(sql.split())[:160]}\n    {what}")

    def arrow(self, door, source, sql, wanted, table):
        if schema_of(table) != schema_of(wanted):
            different = [(a, b) for a, b in zip(schema_of(wanted), schema_of(table)) if a != b]
            return self.fault(door, source, sql, f"columns: {different[:3]}")
        ours, theirs, at = rows_of(wanted), rows_of(table), keys(sql, wanted.schema.names)
        if in_order(at, ours) != in_order(at, theirs):
            self.fault(door, source, sql, f"order: {differences(in_order(at, ours), in_order(at, theirs))}")
        ours, theirs = sorted(ours, key=repr), sorted(theirs, key=repr)
        if ours != theirs:
            self.fault(door, source, sql, f"rows: {differences(ours, theirs)}")

    def postgres(self, source, sql, wanted, answer, binary):
        door = "postgres binary" if binary else "postgres text"
        names, raw, rows = answer
        if names != wanted.schema.names:
            return self.fault(door, source, sql, f"columns: {wanted.schema.names} {names}")
        ours = list(zip(*[column.to_pylist() for column in wanted.columns])) if wanted.num_columns else []
        at = keys(sql, names)
        for mine, theirs in zip(in_order(at, ours), in_order(at, rows)):
            if not all(map(alike, mine, theirs)):
                return self.fault(door, source, sql, f"order: {mine} {theirs}")
        pairs = sorted(zip(rows, raw), key=lambda pair: order_of(pair[0]))
        ours = sorted(ours, key=order_of)
        if len(ours) != len(pairs):
            return self.fault(door, source, sql, f"{len(ours)} rows, {len(pairs)} rows")
        for mine, (theirs, cells) in zip(ours, pairs):
            for value, other, cell in zip(mine, theirs, cells):
                if not alike(value, other):
                    return self.fault(door, source, sql, f"{value!r} ({type(value).__name__}) is {other!r} ({cell!r})")
                if isinstance(value, float) and math.isfinite(value):
                    self.floats += 1
                    if not binary and digits(cell.decode()) != digits(repr(value)):
                        return self.fault(door, source, sql, f"{value!r} is written as {cell!r}")

    def one(self, doors, source, path, sql):
        """Asks by every door, and compares with the terminal."""
        try:
            wanted, said = by_terminal(path, sql), None
        except Refused as error:
            wanted, said = None, first_words(error.words)
        for door, ask in doors.items():
            if not asked(door, sql):
                continue
            try:
                answer = ask(sql)
            except Refused as error:
                with self.lock:
                    self.errors += 1
                if said is None:
                    self.fault(door, source, sql, f"an error: {error}")
                elif words_of(door, sql, said) not in " ".join(error.words.split()):
                    self.fault(door, source, sql, f"the terminal says: {said}; it: {error}")
                continue
            with self.lock:
                self.compared += 1
            if said is not None:
                self.fault(door, source, sql, f"no error; the terminal says: {said}")
            elif door.startswith("postgres"):
                self.postgres(source, sql, wanted, answer, door.endswith("binary"))
            else:
                self.arrow(door, source, sql, wanted, answer)


def first_words(text):
    """The first line of an error, without where in the text it is."""
    return " ".join(re.sub(r" at Line: \d+, Column: \d+.*", "", text.splitlines()[0]).split())


def words_of(door, sql, said):
    return next((words for begin, doors, words in OTHER_WORDS if sql.startswith(begin) and door in doors), said)


def differences(ours, theirs):
    return [(a, b) for a, b in zip(ours, theirs) if a != b][:1] or (len(ours), len(theirs))


def reads(sql):
    return bool(re.match(r"(--[^\n]*\n\s*)*(select|with|values|explain|show|describe)\b", sql, re.I))


def asked(door, sql):
    return not any(words in sql and door in doors for words, doors, _ in NOT_ASKED)


@contextmanager
def one_core():
    """What is started within has one core, and one partition a plan: the last bit of a sum depends on the order of its parts."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def same_rows(folder):
    with one_core():
        compare_rows(folder)


def compare_rows(folder):
    run("demo", "--users", "4", "--out", folder / "demo")
    sources = {name: folder / "demo" / name for name in ("merged", "run")}
    queries, left = corpus()
    for where, sql, why in left:
        print(f"  not asked: {where}: {sql!r}: {why}")
    rows = Rows()
    with served(folder / "service-rows", *sources.values()) as service:
        own = threading.local()

        def work(task):
            source, (where, sql) = task
            if not hasattr(own, "doors"):
                own.doors = {name: doors_of(service, name) for name in sources}
            rows.one(own.doors[source], source, sources[source], sql)

        # What would write has the same words whatever it is asked of, and plots are long to plan in a build for development.
        tasks = [
            (source, (where, sql)) for where, sql in queries for source in sources
            if source == "merged" or (reads(sql) and "plots" not in where and "torture" not in where)
        ]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(work, tasks))
    print(f"  {len(queries)} queries of {len(set(where for where, _ in queries))} files, over 2 sources: {rows.compared} answers compared,"
          f" {rows.errors} errors, {rows.floats} floats by Postgres")
    assert not rows.faults, "\n".join([f"{len(rows.faults)} faults", *rows.faults])


def doors_of(service, source):
    arrow, postgres = service.connect_flight(source), service.connect_postgres(source)
    return {
        "http": lambda sql: service.http(source, sql),
        "flight": lambda sql: by_flight(arrow, sql),
        "postgres text": lambda sql: by_postgres(postgres, sql, False),
        "postgres binary": lambda sql: by_postgres(postgres, sql, True),
    }


# Recipes


def recipes(folder):
    """The page's own."""
    run("demo", "--users", "4", "--out", folder / "demo")
    mark = "python postgres"
    found = re.findall(rf"^```{mark}\n(.*?)^```$", (ROOT / "docs" / "connect.md").read_text(), re.S | re.M)
    assert len(found) >= 3, "docs/connect.md has lost its recipes"
    with served(folder / "service", folder / "demo" / "merged") as service:
        for recipe in found:
            text = recipe.replace("~/.local/state/results/token", str(service.state / "token"))
            text = text.replace("port=8788", f"port={service.port}").replace("127.0.0.1:8788", f"127.0.0.1:{service.port}")
            assert str(service.port) in text, recipe
            # What warns, warns its reader; pandas itself does of a driver that it has not tried.
            done = subprocess.run([sys.executable, "-W", "error", "-c", text], cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, (recipe, done.stderr)
            assert done.stdout.strip(), recipe
            print("  a recipe:", text.strip().splitlines()[-1].strip(), "->", done.stdout.strip().splitlines()[-1:])


# Load

CLIENTS = 50
PERSONS_ALL = 24
# Processes that the service has ready for the next queries.
SPARE = 2
# Endings of the tables of docs/serve.md and docs/connect.md that may come while a source is replaced and a child is killed.
KINDS = {
    "http": {"source-changed", "not-found", "died", "memory", "queue-full"},
    "flight": {"Aborted", "NotFound", "Internal", "ResourceExhausted"},
    "postgres": {"40001", "3D000", "XX000", "53200", "53300"},
}
# Of a run: everything that counts of a unit is there or nothing is, in one query over three tables.
PERSONS = """
select t.user_id, t.n, h.hours, u.state, t.te, t.p from
  (select user_id, count(*) as n, sum(TE_A2S) as te, sum(p_A2S) as p from te group by user_id) t
  full join (select user_id, count(*) as hours from hour_bins group by user_id) h on t.user_id = h.user_id
  full join (select user_id, state from users) u on t.user_id = u.user_id
order by 1"""
ATTEMPTS = "select user_id, count(*) as n, count(distinct attempt) as attempts from raw.te group by user_id order by 1"
# Of a merged output: what only the one or only the other state has.
OUTPUT = """
select count(*) as n, count(distinct user_id) as persons, sum(TE_A2S) as te, sum(q_A2S) as q,
  (select count(*) from users) as users, (select count(*) from nulls) as nulls from te"""


class Client:
    """Somebody who asks by one protocol until told to stop."""

    def __init__(self, service, load, number):
        self.service, self.load, self.number = service, load, number
        self.protocol = ("http", "flight", "postgres")[number % 3]
        self.open, self.most = [], 0

    def ask(self, source, sql):
        if self.protocol == "http":
            return rows_of(self.service.http(source, sql))
        if self.protocol == "flight":
            # One at a time: 64 connections of one address are let in.
            if self.open and self.open[0] != source:
                self.open.pop().close()
                self.open.clear()
            if not self.open:
                self.open += [source, self.service.connect_flight(source)]
            return rows_of(by_flight(self.open[1], sql))
        with self.postgres(source) as db:
            _, _, rows = by_postgres(db, sql, self.number % 2 == 0)
            return [exact(row)[1:] for row in rows]

    @contextmanager
    def postgres(self, source, autocommit=True):
        try:
            db = self.service.connect_postgres(source, autocommit)
        except psycopg.OperationalError as error:
            # libpq tells no code of a login that failed.
            code = "3D000" if "unknown database" in str(error) else "login"
            raise Refused(code, str(error)) from None
        with db:
            yield db

    def work(self):
        turn = self.number
        while not self.load.over.is_set():
            turn += 1
            try:
                if self.protocol == "postgres" and turn % 4 == 0:
                    self.one_state()
                elif turn % 2:
                    self.output(self.ask("merged", OUTPUT))
                elif turn % 8 == 0:
                    self.attempts(self.ask("live", ATTEMPTS))
                else:
                    self.persons(self.ask("live", PERSONS))
                self.load.counts[self.protocol] += 1
            except Refused as error:
                self.load.refused(self.protocol, error)
                time.sleep(0.05)
            except Exception as error:
                self.load.wrong.append(f"{self.protocol}: {type(error).__name__}: {str(error)[:600]}")
        for db in self.open[1:]:
            db.close()

    def one_state(self):
        with self.postgres("live", autocommit=False) as db:
            first = by_postgres(db, PERSONS, False)[2]
            for _ in range(2):
                time.sleep(0.3)
                again = by_postgres(db, PERSONS, False)[2]
                assert again == first, f"a transaction changed: {len(first)} persons, {len(again)}"
            self.persons([exact(row)[1:] for row in first])
            self.load.transactions += 1

    def persons(self, rows):
        for row in rows:
            self.load.persons[row[0]].add(row)
        assert len(rows) >= self.most, f"{self.most} persons were there, {len(rows)} are"
        self.most = len(rows)
        self.load.most = max(self.load.most, len(rows))

    def attempts(self, rows):
        for user, n, attempts in rows:
            assert attempts == exact(1), f"{attempts} attempts of {user}"
            self.load.attempts[user].add(n)

    def output(self, rows):
        assert len(rows) == 1 and rows[0] in self.load.outputs, f"the output: {rows}, not one of {self.load.outputs}"
        self.load.seen.add(self.load.outputs.index(rows[0]))


class Load:
    def __init__(self, outputs):
        self.outputs = outputs
        self.persons, self.attempts = collections.defaultdict(set), collections.defaultdict(set)
        self.over = threading.Event()
        self.counts, self.kinds, self.words = collections.Counter(), collections.Counter(), {}
        self.wrong, self.seen, self.transactions, self.most = [], set(), 0, 0

    def refused(self, protocol, error):
        kind = (protocol, str(error.code))
        self.kinds[kind] += 1
        self.words.setdefault(kind, error.words)
        if error.code not in KINDS[protocol]:
            self.wrong.append(f"{protocol}: {error.code}: {error.words}")


def workers(folder):
    """Processes that work on a share of a run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"worker" in line and any(str(folder).encode() in part for part in line):
                found.append(int(entry.name))
    return found


def committed(folder):
    return sum(1 for _ in (folder / "users").rglob("*.parquet")) if (folder / "users").exists() else 0


def until(what, words, seconds=300):
    """Waits for something, which a busy machine may be long about. The words are what to say, or what gives it."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, words() if callable(words) else words
        time.sleep(0.05)


def under_load(folder):
    data, out = folder / "data", folder / "out"
    out.mkdir(parents=True)
    quick, slow = folder / "quick.yaml", folder / "slow.yaml"
    quick.write_text("surrogates: 19\nanalysis_modes: [global_te]\n")
    slow.write_text("surrogates: 6000\n")
    run("demo", "--users", PERSONS_ALL, "--data-only", "--out", folder)
    live, merged = out / "live", out / "merged"
    # What an answer about the output has to be, of the one state or of the other.
    outputs = []
    for users in (4, 6):
        run("run", "--config", quick, "--data", data, "--users", users, "-q", "--out", folder / f"of {users}")
        run("merge", "--shards", folder / f"of {users}", "--output", folder / f"merged {users}")
        outputs += rows_of(by_terminal(folder / f"merged {users}", OUTPUT))
    shutil.copytree(folder / "merged 4", merged)
    load = Load(outputs)

    started = []

    def begin(*args, **environment):
        own = {**os.environ, **environment}
        started.append(subprocess.Popen([RESULTS, *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own))
        return started[-1]

    # Each worker waits for it before its fourth unit: however slow the machine is, there is a run to do something to, and to resume.
    go = folder / "go"
    try:
        command = ["run", "--config", slow, "--data", data, "--shards", "2", "-q", "--retries", "0", "--out", live]
        going = begin(*command, RESULTS_FAILPOINT=f"unit@4||wait|{go}")
        until(lambda: committed(live) > 0 or going.poll() is not None, "the run does not begin")
        with served(folder / "service", out) as service:
            clients = [Client(service, load, number) for number in range(CLIENTS)]
            threads = [threading.Thread(target=client.work) for client in clients]
            for thread in threads:
                thread.start()
            try:
                faults_on_the_way(service, load, folder, live, merged, (going, go), begin)
                enough = lambda: all(load.counts[protocol] > 20 for protocol in KINDS) and load.transactions > 3
                until(lambda: enough() or load.wrong, lambda: f"too few answers: {load.counts}, {load.transactions}")
            finally:
                load.over.set()
                for thread in threads:
                    thread.join(300)
            assert not any(thread.is_alive() for thread in threads), "a client waits for ever"
            nothing_left(service, live, out)
            print(f"  {CLIENTS} clients, answers: {dict(load.counts)}, transactions: {load.transactions}; refused: "
                  f"{ {' '.join(kind): n for kind, n in load.kinds.items()} }")
            for kind, words in load.words.items():
                print("   ", *kind, " ".join(words.split())[:150])
            assert load.seen == {0, 1}, f"the outputs that were seen: {load.seen}"
            assert all(load.counts[protocol] > 20 for protocol in KINDS) and load.transactions > 3, load.counts
        # Whatever was said of a person at any moment is what is said in the end.
        final = {row[0]: {row} for row in rows_of(by_terminal(live, PERSONS))}
        assert len(final) == PERSONS_ALL and all(row[3] == exact("ok") for (row,) in final.values()), final
        wrong = {user: rows for user, rows in load.persons.items() if rows != final.get(user)}
        assert not wrong, f"{wrong}\nbut in the end: { {user: final.get(user) for user in wrong} }"
        full = {user: row[1] for user, rows in final.items() for row in rows}
        assert all(n == {full[user]} for user, n in load.attempts.items()), (load.attempts, full)
        assert not load.wrong, "\n".join([f"{len(load.wrong)} wrong", *map(str, collections.Counter(load.wrong).most_common(10))])
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()
        for process in workers(live):
            kill(process)


def faults_on_the_way(service, load, folder, live, merged, first, begin):
    (going, go), began = first, time.monotonic()
    told = lambda what: print(
        f"  {time.monotonic() - began:3.0f} s  {what}: {committed(live)} files of the ledger, {sum(load.counts.values())} answers", flush=True)
    until(lambda: sum(load.counts.values()) > 60, "no answers")
    assert going.poll() is None, "the run was over before anything was done to it"
    told("begins")
    run("compact", live)
    told("compacted")
    # The worker dies, and the supervisor is told to end; the other one finishes the unit at which it is.
    own = workers(live)
    assert own, "the run was over before its worker could be killed"
    kill(own[0])
    time.sleep(0.5)
    going.send_signal(signal.SIGINT)
    time.sleep(0.5)
    go.touch()
    assert going.wait(300) != 0, "the run did not end"
    (left,) = json.loads(subprocess.run([RESULTS, "status", live, "--json"], capture_output=True, text=True).stdout)
    assert left["missing"], f"nothing is left to resume: {left}"
    told("a worker killed")
    resumed = begin("run", "--resume", live, "--shards", "2", "-q")
    shutil.rmtree(merged)
    run("merge", "--shards", folder / "of 6", "--output", merged)
    until(lambda: 1 in load.seen, lambda: f"the new output is not seen: {load.seen}")
    told("merged anew")
    deaths = lambda: sum(service.metric("results_child_deaths_total").get(f'cause="{cause}"', 0) for cause in ("died", "memory"))
    before, since = deaths(), time.monotonic()
    while deaths() == before:
        assert time.monotonic() < since + 120, "no child died at work"
        for child in service.children()[:1]:
            kill(child)
        time.sleep(0.3)
    told("a child killed")
    assert resumed.wait(900) == 0, "the run is not resumed"
    until(lambda: load.most == PERSONS_ALL, lambda: f"{load.most} of {PERSONS_ALL} persons are seen")
    told("resumed")


def nothing_left(service, live, out):
    until(lambda: not json.loads(service.get("/api/v1/queries")), "queries are at work still", 60)
    until(lambda: len(service.children()) <= SPARE, lambda: f"children: {len(service.children())}", 60)
    locks = sorted(live.rglob("*.lock"))
    assert locks, "a run has locks"
    for lock in locks:
        with lock.open("r+") as file:
            for hold in (fcntl.flock, fcntl.lockf):
                try:
                    hold(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise AssertionError(f"{lock} is held: {error}") from None
    assert sorted(path.name for path in out.iterdir()) == ["live", "merged"], list(out.iterdir())
    left = [path for path in (live / "_staging").rglob("*")] + list(live.rglob("*.partial")) + list(live.rglob("*.tmp"))
    assert not left, left
    assert not workers(live), workers(live)
    # A child that waits has a folder, the door of Postgres one for rows that wait; neither has files in it.
    files = lambda: [path for folder, _, names in os.walk(service.scratch) for path in (Path(folder) / name for name in names)]
    until(lambda: not files(), files, 30)
    folders = lambda: list(service.scratch.iterdir())
    until(lambda: len(folders()) <= len(service.children()) + 2, lambda: (folders(), service.children()), 30)
    now, most = service.memory("VmRSS") / 1000, service.memory("VmHWM") / 1000
    print(f"  the service: {now:.0f} MB, {most:.0f} MB at most; {len(service.children())} children wait")
    assert most <= 100, f"the service took {most} MB"


def main():
    print(f"psycopg {psycopg.__version__}, sqlalchemy {sqlalchemy.__version__}, pyarrow {pyarrow.__version__}, pandas {pandas.__version__}")
    parts = {"rows": same_rows, "recipes": recipes, "load": under_load}
    with tempfile.TemporaryDirectory(prefix="doors-") as folder:
        for name in PARTS:
            since = time.monotonic()
            parts[name](Path(folder) / name)
            print(f"{name}: {time.monotonic() - since:.1f} s", flush=True)


if __name__ == "__main__":
    main()
