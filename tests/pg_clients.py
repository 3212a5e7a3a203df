"""Clients of Postgres against the service: psql, psycopg, SQLAlchemy, ADBC, the JDBC driver, R.

usage: pg_clients.py RESULTS [--write] [TEST…]

Makes a run of made-up people, serves it, and goes through what each client does. What psql says of the catalogue is kept in
tests/reference/postgres and compared; --write writes it anew. A client that is not there is a failure. Blocks of docs/connect.md that
are marked `bash psql`, `bash psql tls`, `text psql`, `text jdbc` and `r postgres` are run as they stand there.

What DBeaver, pgAdmin, Metabase, Grafana, pgcli, psql and ADBC ask at their start was recorded by datafusion-postgres (Apache-2.0)
and is kept in tests/reference/postgres/recorded, whose README says where it is from; `recorded` asks it. What these statements need
is asked in words of our own too, by `catalogue_answers`.
"""

import datetime
import decimal
import json
import math
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import sqlalchemy

RESULTS = str(Path(sys.argv[1]).resolve())
WRITE = "--write" in sys.argv
NAMES = [name for name in sys.argv[2:] if name != "--write"]
KEPT = Path(__file__).parent / "reference" / "postgres"
HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "connect.md").read_text()
PSQL = shutil.which("psql")
failed = []


def run(*args, **more):
    done = subprocess.run([RESULTS, *args], capture_output=True, text=True, **more)
    assert done.returncode == 0, (args, done)
    return done.stdout


class Service:
    def __init__(self, dirs, state, *more):
        command = [RESULTS, "serve", *dirs, "--listen", "127.0.0.1:0", "--postgres", "127.0.0.1:0", "--state", state]
        self.log = open(Path(state).with_suffix(".log"), "w+")
        self.process = subprocess.Popen([*command, "--json", *more], stdout=subprocess.PIPE, stderr=self.log, text=True)
        told = json.loads(self.process.stdout.readline())
        self.web = told["web"]
        self.host, port = told["postgres"].rsplit(":", 1)
        self.port = int(port)
        self.state = state
        self.token = (Path(state) / "token").read_text().strip()

    def dsn(self, database="merged", **more):
        parts = {"host": self.host, "port": self.port, "user": "results", "password": self.token, "dbname": database}
        return " ".join(f"{name}='{value}'" for name, value in {**parts, **more}.items())

    def url(self, database="merged"):
        return f"postgresql://results:{self.token}@{self.host}:{self.port}/{database}"

    def psql(self, *commands, database="merged", options=(), **more):
        args = [part for command in commands for part in ("-c", command)]
        env = {**os.environ, "PGPASSWORD": self.token, "PAGER": "cat"}
        where = f"host={self.host} port={self.port} user=results dbname={database}"
        return subprocess.run([PSQL, "-X", *options, where, *args], capture_output=True, text=True, env=env, timeout=300, **more)

    def busiest(self, ended):
        """The child that is at an endless query: it has used far more of a core than those that wait for one."""
        deadline = time.monotonic() + 60
        while True:
            own = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
            used = sorted((seconds_of(child), child) for child in own)
            if len(used) > 1 and used[-1][0] > used[-2][0] + 0.3:
                return used[-1][1]
            assert not ended() and time.monotonic() < deadline, used
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0


def seconds_of(process):
    """Seconds of a core that a process has used."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def check(test):
    """Runs a test; what fails is told, and the others go on."""
    began = time.monotonic()
    try:
        test()
        print(f"ok    {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    except Exception:
        failed.append(test.__name__)
        print(f"FAILS {test.__name__}\n{traceback.format_exc(chain=False)[-1500:]}", flush=True)


def refused(code, call):
    try:
        call()
    except psycopg.Error as error:
        assert error.sqlstate == code, (code, error.sqlstate, str(error))
        return str(error)
    raise AssertionError(f"it is not refused with {code}")


work = Path(tempfile.mkdtemp(prefix="pg-clients-"))
run("demo", "--out", str(work / "demo"), "--seed", "7")
DIRS = [str(work / "demo" / "merged"), str(work / "demo" / "run")]
service = Service(DIRS, str(work / "state"))
TE = int(run("sql", "--run", DIRS[0], "--format", "csv", "select count(*) from te").split()[1])


def connect(database="merged", **more):
    autocommit = more.pop("autocommit", True)
    return psycopg.connect(service.dsn(database, **more), autocommit=autocommit)


# psql


def psql_catalogue():
    assert PSQL, "psql is not there"
    said = []
    for command in [r"\l", r"\dn", r"\dt", r"\dv", r"\d te", r"\d+ te", r"\di", r"\df", r"\du", r"\conninfo", r"\dt raw.*"]:
        done = service.psql(command, database="run" if "raw" in command else "merged")
        assert done.returncode == 0 and not done.stderr, (command, done)
        text = done.stdout.replace(str(service.port), "PORT")
        said.append(f"{command}\n{text.rstrip()}\n")
    text = "\n".join(line.rstrip() for line in "\n".join(said).splitlines()) + "\n"
    kept = KEPT / "psql.txt"
    if WRITE:
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_text(text)
    wanted = kept.read_text()
    if text != wanted:
        import difflib

        raise AssertionError("\n".join(difflib.unified_diff(wanted.splitlines(), text.splitlines(), "kept", "said")))


def psql_more():
    """Commands that ask functions and columns of the catalogue that other servers have."""
    for command in [
        r"\dt+", r"\d+", r"\l+", r"\di+", r"\dv+", r"\dn+", r"\dp", r"\z", r"\ddp", r"\dconfig", r"\dconfig search_path",
        r"\sv tests", r"\df+", r"\dO", r"\dL", r"\dd", r"\dX", r"\dT", r"\dF", r"\da", r"\do", r"\dc", r"\dC", r"\db+", r"\dx", r"\drds", r"\dT+", r"\dC+", r"\dFd", r"\deu",
    ]:
        done = service.psql(command)
        # What there is none of is told so.
        assert done.returncode == 0 and (not done.stderr or done.stderr.startswith("Did not find")), (command, done)
    assert "results=r/results" in service.psql(r"\dp te").stdout
    assert "0 bytes" in service.psql(r"\dt+ te").stdout


def psql_completion():
    """What the tab key asks, by a terminal of its own."""
    import pty

    leader, follower = pty.openpty()
    env = {**os.environ, "PGPASSWORD": service.token, "TERM": "dumb", "PAGER": "cat"}
    where = f"host={service.host} port={service.port} user=results dbname=merged"
    psql = subprocess.Popen([PSQL, "-X", where], stdin=follower, stdout=follower, stderr=follower, env=env, close_fds=True)
    os.close(follower)
    seen = ""

    def until(words):
        nonlocal seen
        deadline = time.monotonic() + 30
        while words not in seen:
            assert time.monotonic() < deadline, (words, seen)
            seen += os.read(leader, 4096).decode()

    until("=> ")
    os.write(leader, b"select count(*) from stratified_c\t")
    until("stratified_cte")
    os.write(leader, b";\n")
    until("(1 row)")
    os.write(leader, b"\\q\n")
    assert psql.wait(timeout=60) == 0


def psql_rows():
    done = service.psql("select tau, q_A2S from te where tau = 1 order by user_id limit 2", options=["-A", "-t", "-F,"])
    wanted = run("sql", "--run", DIRS[0], "--format", "csv", "select tau, q_A2S from te where tau = 1 order by user_id limit 2")
    ours = [[float(value) for value in line.split(",")] for line in done.stdout.split()]
    theirs = [[float(value) for value in line.split(",")] for line in wanted.split()[1:]]
    assert ours == theirs, (ours, theirs)
    done = service.psql("select user_id, tau from te order by 1, 2", options=["-A", "-t", "-v", "FETCH_COUNT=5"])
    assert len(done.stdout.split()) == TE and not done.stderr, done
    # Several statements in one message, and an error among them.
    done = service.psql("select 1; select 2; select nonsense from te; select 3", options=["-A", "-t"])
    assert done.stdout.split() == ["1", "2"] and "nonsense" in done.stderr, done


def psql_copy():
    target = work / "x.csv"
    done = service.psql(rf"\copy (select * from te) to '{target}' csv header")
    assert done.returncode == 0 and done.stdout.strip() == f"COPY {TE}", done
    lines = target.read_text().splitlines()
    assert len(lines) == TE + 1 and lines[0].startswith("user_id,")
    done = service.psql(rf"\copy te from '{target}' csv header")
    assert done.returncode != 0 and "COPY is not a query" in done.stderr, done


ENDLESS = "with recursive t(n) as (select 1 union all select n + 1 from t where n < 1000000000) select max(n) from t"


def psql_interrupt():
    env = {**os.environ, "PGPASSWORD": service.token}
    where = f"host={service.host} port={service.port} user=results dbname=merged"
    psql = subprocess.Popen([PSQL, "-X", where, "-c", ENDLESS], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    at_work(psql.poll)
    child = service.busiest(psql.poll)
    began = time.monotonic()
    psql.send_signal(signal.SIGINT)
    gone(child, began)
    _, said = psql.communicate(timeout=10)
    assert time.monotonic() - began < 2 and "cancel" in said.lower(), said
    idle()


def at_work(ended):
    """Waits until the endless query is at work, and not only asked for its columns."""
    deadline = time.monotonic() + 60
    while not any("n < 1000000000" in query["sql"] and query["seconds"] > 0.3 for query in running()):
        assert not ended() and time.monotonic() < deadline, running()
        time.sleep(0.05)


def idle():
    """No query is at work any more."""
    with connect() as connection:
        deadline = time.monotonic() + 60
        while running():
            assert time.monotonic() < deadline, running()
            time.sleep(0.05)
        assert connection.execute("select 1").fetchone() == (1,)


def gone(child, since, seconds=1):
    """Waits until a child that was at work is no process any more."""
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < since + seconds, f"{child} is alive after {seconds} s"
        time.sleep(0.01)


def running():
    import urllib.request

    request = urllib.request.Request(f"{service.web}/api/v1/queries", headers={"Authorization": f"Bearer {service.token}"})
    return json.load(urllib.request.urlopen(request))


# psycopg


def psycopg_values():
    with connect() as connection:
        execute = connection.execute
        assert execute("select count(*) from te where q_A2S < %s and tau = %s", [2.0, 1]).fetchone()[0] > 0
        (user,) = execute("select user_id from te limit 1").fetchone()
        assert execute("select count(*) from te where user_id = %s", [user]).fetchone()[0] > 0
        assert execute("select count(*) from te where user_id = any(%s)", [[user, "nobody"]]).fetchone()[0] > 0
        assert execute("select count(*) from te where tau = any(%s)", [[1]]).fetchone()[0] > 0
        assert len(execute("select * from te limit %s", [3]).fetchall()) == 3
        assert execute("select %s::bigint, %s::text", [None, None]).fetchone() == (None, None)
        for sql, is_ in [
            ("select '{1,2}'::int8[]", [1, 2]),
            ("select cast('{}' as text[])", []),
            ("select '{1.5,NULL}'::float8[]", [1.5, None]),
            ("""select '{a,"b,c",null}'::text[]""", ["a", "b,c", None]),
        ]:
            assert execute(sql).fetchone() == (is_,), sql
        some = execute("select count(*) from te where tau = any('{1,2}')").fetchone()
        assert some == execute("select count(*) from te where tau in (1, 2)").fetchone()
        exact = decimal.Decimal("12345678901234567.89")
        for mode in ("%s", "%t", "%b"):
            assert execute(f"select {mode} as x", [exact]).fetchone() == (exact,), mode
            name = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
            assert execute(f"select {mode}::text as x", [name]).fetchone() == (str(name),), mode
        span = execute("select timestamp '2026-11-29 00:00:00' + %b::interval as x", [datetime.timedelta(days=1, hours=1)])
        assert str(span.fetchone()[0]) == "2026-11-30 01:00:00"
        for binary in (False, True):
            row = connection.cursor(binary=binary).execute(
                "select 1, 1.5, 'a', true, null, [1, null, 3], ['a', null, '{'], 'NaN'::double, date '2026-11-29',"
                " timestamp '2026-11-29 05:00:00.5', '-Infinity'::double"
            ).fetchone()
            assert row[:7] == (1, 1.5, "a", True, None, [1, None, 3], ["a", None, "{"]), row
            assert math.isnan(row[7]) and str(row[8]) == "2026-11-29" and str(row[9]) == "2026-11-29 05:00:00.500000", row
            assert row[10] == -math.inf
        # Bit for bit, by text and in binary.
        text = execute("select q_A2S from te order by user_id, tau, feature_mode").fetchall()
        binary = connection.cursor(binary=True).execute("select q_A2S from te order by user_id, tau, feature_mode").fetchall()
        assert [struct.pack("d", a) for (a,) in text if a is not None] == [struct.pack("d", a) for (a,) in binary if a is not None]
        assert connection.info.server_version == 150000 and connection.info.parameter_status("server_encoding") == "UTF8"
        assert execute("select version()").fetchone()[0].startswith("results ")
        assert execute("select pg_backend_pid()").fetchone() == (connection.info.backend_pid,)
        assert execute("select current_database(), current_user, current_schema()").fetchone() == ("merged", "results", "public")


def catalogue_answers():
    """Columns are called as Postgres calls them, and numbers are shown as names where that is asked."""
    with connect() as connection:

        def ask(sql):
            cursor = connection.execute(sql)
            return [column.name for column in cursor.description], cursor.fetchall()

        assert ask("select current_user, user, session_user, current_schema, current_database()") == (
            ["current_user", "user", "session_user", "current_schema", "current_database"],
            [("results", "results", "results", "public", "merged")],
        )
        names, rows = ask("select n.oid, n.* from pg_namespace n where nspname = 'public'")
        assert names[:3] == ["oid", "oid", "nspname"] and rows[0][:3] == (2200, 2200, "public"), (names, rows)
        assert ask("select oid, oid, 1, 'a'::text, nspname::text from pg_namespace where nspname = 'public'") == (
            ["oid", "oid", "?column?", "text", "nspname"],
            [(2200, 2200, 1, "a", "public")],
        )
        assert ask("select case when c.relkind = 'r' then 1 end, (select max(oid) from pg_class where false) from pg_class c limit 1") == (
            ["case", "max"],
            [(1, None)],
        )
        assert ask("select oid::regclass, oid::regclass::text as t, relnamespace::regnamespace::text from pg_class where relname = 'te'") == (
            ["oid", "t", "relnamespace"],
            [("te", "te", "public")],
        )
        types = dict(ask("select attname, atttypid::regtype::text from pg_attribute where attrelid = 'te'::regclass and attnum > 0")[1])
        assert types["user_id"] == "text" and types["tau"] in ("integer", "bigint") and types["q_A2S"] == "double precision", types
        names, rows = ask("select proname, proargtypes::regtype[]::text[], prorettype::regtype::text from pg_proc where proname = 'boolout'")
        assert names[1:] == ["proargtypes", "prorettype"] and rows == [("boolout", ["boolean"], "cstring")], (names, rows)
        views = {row[0] for row in ask("select table_name from information_schema.views where table_schema = 'public'")[1]}
        listed = {row[0] for row in ask("select viewname from pg_views where schemaname = 'public'")[1]}
        assert views and views == listed, (views, listed)
        assert ask("select array_lower(array[1, 2, 3], 1), array_upper(array[1, 2, 3], 1)") == (["array_lower", "array_upper"], [(1, 3)])
        assert ask("select n from (select upper(nspname), nspname as n from pg_namespace) x where x.upper = 'PUBLIC'")[1] == [("public",)]
        with connection.cursor().copy("copy (select oid, oid from pg_namespace where oid = 2200) to stdout csv header") as copy:
            assert b"".join(copy) == b"oid,oid\n2200,2200\n"


def statements(client):
    """What was recorded of a client, in its order."""
    text = (KEPT / "recorded" / f"{client}.sql").read_text()
    first, *numbered = re.split(r"^-- statement (\d+)\n", text, flags=re.M)
    numbers, found = [int(number) for number in numbered[::2]], [statement.removesuffix("\n") for statement in numbered[1::2]]
    assert not first and numbers == list(range(len(found))) and all(found), f"{client}: {numbers}"
    return found


# What must come back where the statement asks of what is there: the columns, and how many rows at least.
RELATION = "relchecks relkind relhasindex relhasrules relhastriggers relrowsecurity relforcerowsecurity relhasoids"
DESCRIBED = "attname format_type pg_get_expr attnotnull attcollation attidentity attgenerated"
POLICIES = "polname polpermissive array_to_string pg_get_expr pg_get_expr cmd"
STATISTICS = "oid stxrelid nsp stxname columns ndist_enabled deps_enabled mcv_enabled stxstattarget"
LISTED = "schema_name table_name column_name type_name has_default default"
SHAPES = {
    ("dbeaver", 3): ("current_schema session_user", 1),
    ("dbeaver", 4): ("oid oid nspname nspowner … description", 3),
    ("dbeaver", 5): ("?column? nspname typname", 1),
    ("dbeaver", 6): ("is_array typtype typname oid", 1),
    ("dbeaver", 7): ("search_path", 1),
    ("dbeaver", 8): ("oid oid datname datdba encoding …", 1),
    ("dbeaver", 9): ("name setting unit …", 1),
    ("dbeaver", 10): ("string_agg", 1),
    ("dbeaver", 11): ("version", 1),
    ("dbeaver", 12): ("oid enumtypid enumsortorder enumlabel", 0),
    ("dbeaver", 13): ("reltype", 0),
    ("dbeaver", 14): ("oid oid typname … relkind base_type_name description", 100),
    ("dbeaver", 15): ("oid oid relname relnamespace … description partition_expr partition_key", 10),
    ("dbeaver", 16): ("oid total_rel_size rel_size", 10),
    ("dbeaver", 17): ("… keys relname relnamespace relam reltablespace tabrelname description pred_expr expr index_rel_size index_num_scans", 1),
    ("dbeaver", 18): ("oid oid conname … tabrelname refnamespace description consrc_copy", 1),
    ("grafana", 0): ("table", 10),
    ("grafana", 1): ("column type", 10),
    ("metabase", 2): ("transaction_isolation", 1),
    ("metabase", 4): ("TABLE_SCHEM TABLE_CATALOG", 3),
    ("metabase", 5): ("role schema table update select insert delete", 15),
    ("metabase", 6): ("schema name type description estimated_row_count", 15),
    ("pgadbc", 0): ("attname atttypid", 10),
    ("pgadmin", 0): ("version", 1),
    ("pgadmin", 1): ("type", 1),
    ("pgcli", 4): ("nspname", 3),
    ("pgcli", 5): ("schema_name table_name", 10),
    ("pgcli", 6): (LISTED, 100),
    ("pgcli", 7): ("parentschema parenttable parentcolumn childschema childtable childcolumn", 0),
    ("pgcli", 8): ("schema_name table_name", 1),
    ("pgcli", 9): (LISTED, 10),
    ("pgcli", 10): ("schema_name type_name", 0),
    ("pgcli", 11): ("datname", 2),
    ("pgcli", 12): (
        "schema_name func_name proargnames coalesce proargmodes return_type is_aggregate is_window is_set_returning is_extension arg_defaults",
        100,
    ),
    ("psql", 0): ("oid nspname relname", 1),
    ("psql", 1): (f"{RELATION} relispartition ?column? reltablespace reloftype relpersistence relreplident amname", 1),
    ("psql", 2): (DESCRIBED, 10),
    ("psql", 3): (POLICIES, 0),
    ("psql", 4): (STATISTICS, 0),
    ("psql", 5): ("pubname ?column? ?column?", 0),
    ("psql", 6): ("oid", 0),
    ("psql", 7): ("oid relkind inhdetachpending pg_get_expr", 0),
    ("psql", 8): ("Name Owner Encoding …", 2),
    ("psql", 9): ("oid nspname relname", 1),
    ("psql", 10): (DESCRIBED, 10),
    ("psql", 11): ("sametable conname condef ontable", 0),
    ("psql", 12): ("conname ontable condef", 0),
    ("psql", 13): (POLICIES, 0),
    ("psql", 14): (STATISTICS, 0),
    ("psql", 15): ("pubname ?column? ?column?", 0),
    ("psql", 16): ("oid", 0),
    ("psql", 17): ("oid relkind inhdetachpending pg_get_expr", 0),
}

# Clients with the number of their statements, and statements that are refused on purpose, with the reason: none are.
CLIENTS = {"dbeaver": 19, "grafana": 2, "metabase": 10, "pgadbc": 1, "pgadmin": 2, "pgcli": 13, "psql": 18}
REFUSED = {}


def has_shape(wanted, names):
    """Whether columns are those that are wanted; … stands for some."""
    first, dots, last = wanted.partition("…")
    first, last = first.split(), last.split()
    if not dots:
        return names == first
    return names[: len(first)] == first and names[len(names) - len(last) :] == last


def recorded():
    """What clients ask at their start, as it was recorded and with what is there in place of what was there."""
    wrong = []
    with connect() as connection:
        (te,) = connection.execute("select oid from pg_class where relname = 'te' and relnamespace = 2200").fetchone()
    here = {
        "16384": str(te),
        "16417": str(te),
        "indrelid=1 ": f"indrelid={te} ",
        "conrelid=1\n": f"conrelid={te}\n",
        "relnamespace='public'": "relnamespace=2200",
        "'postgres'": "'merged'",
        "'clubs'": "'te'",
        "public.games": "te",
        "(tt)": "(te)",
        "(customer)": "(te)",
    }
    for client, number in CLIENTS.items():
        asked = statements(client)
        assert len(asked) == number, f"{client}: {len(asked)} statements"
        passed = 0
        with connect() as connection:
            for place, statement in enumerate(asked):
                of_here = statement
                for there, own in here.items():
                    of_here = of_here.replace(there, own)
                # A table that there is not is an error for Postgres too.
                as_recorded = statement.replace("'clubs'", "'te'")
                bad = []
                for sql in dict.fromkeys([as_recorded, of_here]):
                    result = connection.pgconn.exec_(sql.encode())
                    if result.status not in (psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK):
                        bad.append(f"by itself: {result.error_message.decode().strip()}")
                        continue
                    try:
                        cursor = connection.execute(sql.encode(), prepare=True)
                    except psycopg.Error as error:
                        bad.append(f"prepared: {error}")
                        continue
                    names = [column.name for column in cursor.description or []]
                    rows = len(cursor.fetchall()) if cursor.description else 0
                    simple = [result.fname(column).decode() for column in range(result.nfields)]
                    if names != simple or rows != result.ntuples:
                        bad.append(f"by itself {result.ntuples} {simple}, prepared {rows} {names}")
                    wanted, least = SHAPES.get((client, place), (None, 0))
                    if wanted is not None and not has_shape(wanted, names):
                        bad.append(f"columns {names}, not {wanted}")
                    if sql == of_here and rows < least:
                        bad.append(f"{rows} rows, not {least}")
                if (client, place) in REFUSED:
                    bad = [] if bad else ["it is not refused"]
                passed += not bad
                wrong += [f"{client} {place}: {words}" for words in bad]
        print(f"      {client}: {passed} of {len(asked)}", flush=True)
    assert not wrong, "\n".join(wrong)


def psycopg_wrong_values():
    with connect() as connection:
        refused("22P02", lambda: connection.execute("select * from te where tau = %s", ["abc"]))
        for code, sql in [
            ("22012", "select 1 / 0"),
            ("22P02", "select 'x'::int"),
            ("22003", "select 9223372036854775807 + 1"),
            ("42883", "select nofun(1)"),
            ("42712", "select 1 as a, 2 as a"),
        ]:
            refused(code, lambda: connection.execute(sql))
        assert "INT8[]" in str(refused("22P02", lambda: connection.execute("select 'x'::int8[]")))
        said = refused("22023", lambda: connection.execute("select $1"))
        assert "p.1" not in said, said
        refused("42703", lambda: connection.execute("select nonsense from te"))
        refused("42P01", lambda: connection.execute("select * from nonsense"))
        refused("42601", lambda: connection.execute("selec 1"))
        refused("26000", lambda: connection.execute("deallocate nonsense"))
        refused("34000", lambda: connection.execute("fetch nonsense"))
        assert connection.execute("select 1").fetchone() == (1,)
        pg = connection.pgconn
        result = pg.exec_params(b"select $1::bigint + $2::bigint", [b"1"])
        assert result.status == psycopg.pq.ExecStatus.FATAL_ERROR
        assert result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"08P01"
        result = pg.exec_(b"select 1,\n  nonsense\nfrom te")
        assert result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"42703"
        result = pg.exec_(b"select 1;\nselec 1")
        position = result.error_field(psycopg.pq.DiagnosticField.STATEMENT_POSITION)
        assert position and int(position) > 10, position


def psycopg_cursors():
    with connect(autocommit=False) as connection:
        # One that was never executed asks whether there is one, and leaves the transaction as it was.
        with connection.cursor("unused"):
            pass
        assert connection.execute("select 1").fetchone() == (1,)
        for binary in (False, True):
            with connection.cursor(f"my {binary}", binary=binary) as cursor:
                cursor.execute("select user_id, tau from te where tau >= %s order by user_id, tau", [0])
                first = cursor.fetchmany(3)
                cursor.itersize = 5
                assert len(first) == 3 and len(list(cursor)) == TE - 3
        held = [connection.cursor(f"c{n}") for n in range(4)]
        for cursor in held:
            cursor.execute("select * from te")
        refused("54000", lambda: connection.cursor("one more").execute("select 1"))
    with connect() as connection:
        refused("25P01", lambda: connection.execute("declare c cursor for select 1"))
        connection.execute("declare c cursor with hold for select value from generate_series(1, 100000)")
        assert len(connection.execute("fetch 70000 from c").fetchall()) == 70000
        assert connection.execute("move 5 from c").statusmessage == "MOVE 5"
        assert connection.execute("fetch c").fetchone() == (70006,)
        refused("55000", lambda: connection.execute("fetch backward 1 from c"))
        connection.execute("close c")


def psycopg_portals():
    """A portal with a row limit gives its rows first, then says that there are more, and goes on."""
    wire = Raw()
    wire.send(b"Q", b"begin\0")
    wire.until(b"Z")
    wire.send(b"P", b"s\0select user_id, tau from te order by 1, 2\0\0\0")
    wire.send(b"B", b"p\0s\0\0\0\0\0\0\0")
    for _ in range(2):
        wire.send(b"E", b"p\0" + struct.pack(">i", 7))
    wire.send(b"H", b"")
    kinds = [kind for kind, _ in wire.until(b"s", 2)]
    assert kinds == [b"1", b"2"] + ([b"D"] * 7 + [b"s"]) * 2, kinds
    wire.send(b"E", b"p\0" + struct.pack(">i", 0))
    wire.send(b"S", b"")
    rest = wire.until(b"Z")
    assert [kind for kind, _ in rest] == [b"D"] * (TE - 14) + [b"C", b"Z"], rest
    wire.close()


def exactly(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        assert part, "the connection has ended"
        data += part
    return data


class Raw:
    """Messages, byte for byte."""

    def __init__(self):
        # libpq logs in; from then on the socket is ours.
        self.connection = psycopg.connect(service.dsn(), autocommit=True)
        self.socket = socket.socket(fileno=os.dup(self.connection.fileno()))
        self.socket.settimeout(20)
        self.socket.setblocking(True)

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack(">i", len(body) + 4) + body)

    def message(self):
        head = exactly(self.socket, 5)
        return head[:1], exactly(self.socket, struct.unpack(">i", head[1:])[0] - 4)

    def until(self, kind, times=1):
        found = []
        while times:
            found.append(self.message())
            times -= found[-1][0] == kind
            assert found[-1][0] != b"E" or kind == b"E" or kind == b"Z", found[-1]
        return found

    def close(self):
        self.socket.close()
        self.connection.close()


def psycopg_copy():
    with connect() as connection:
        cursor = connection.cursor()
        with cursor.copy("copy (select user_id, tau, q_A2S from te order by 1, 2) to stdout (format binary)") as copy:
            copy.set_types(["text", "int8", "float8"])
            binary = list(copy.rows())
        assert binary == connection.execute("select user_id, tau, q_A2S from te order by 1, 2").fetchall()
        with cursor.copy("copy (select user_id, tau, null as n, 'a\tb' as t from te order by 1, 2) to stdout") as copy:
            text = list(copy.rows())
        assert len(text) == TE and text[0][2:] == (None, "a\tb"), text[0]
        with cursor.copy("copy te (user_id, tau) to stdout with (format csv, header)") as copy:
            csv = b"".join(copy).decode().splitlines()
        assert csv[0] == "user_id,tau" and len(csv) == TE + 1
        with cursor.copy("copy (select 1 where false) to stdout (format binary)") as copy:
            assert list(copy.rows()) == []
        refused("25006", lambda: connection.execute("copy te to '/tmp/x'"))
        refused("42703", lambda: connection.execute("copy (select nonsense from te) to stdout"))


def psycopg_prepared():
    with connect() as connection:
        for n in range(150):
            query = f"select tau + {n % 140} from te where tau >= %s limit 1"
            assert connection.execute(query, [1], prepare=True).fetchone() is not None
        with connection.pipeline():
            first, second = connection.execute("select 1"), connection.execute("select %s::bigint", [2])
            assert (first.fetchone(), second.fetchone()) == ((1,), (2,))
        try:
            with connection.pipeline():
                connection.execute("select nonsense")
                connection.execute("select 1")
        except psycopg.Error:
            pass
        assert connection.execute("select 1").fetchone() == (1,)


def psycopg_transactions():
    with connect(autocommit=False) as connection:
        connection.execute("select 1")
        refused("42703", lambda: connection.execute("select nonsense from te"))
        refused("25P02", lambda: connection.execute("select 1"))
        connection.rollback()
        with connection.transaction():
            try:
                with connection.transaction():
                    connection.execute("select nonsense from te")
            except psycopg.Error:
                pass
            assert connection.execute("select 3").fetchone() == (3,)
    with connect() as connection:
        for statement, is_said in [
            ("begin isolation level repeatable read read only", "BEGIN"),
            ("savepoint a", "SAVEPOINT"),
            ("rollback to a", "ROLLBACK"),
            ("commit", "COMMIT"),
            ("set extra_float_digits = 3", "SET"),
            ("set statement_timeout = 0", "SET"),
            ("reset all", "RESET"),
            ("discard all", "DISCARD ALL"),
            ("unlisten *", "UNLISTEN"),
            ("show all", "SHOW"),
        ]:
            assert connection.execute(statement).statusmessage == is_said, statement
        for statement, code in [
            ("set role anna", "42501"),
            ("set search_path = pg_temp", "22023"),
            ("set nonsense = 1", "42704"),
            ("set datafusion.execution.batch_size = 1", "42704"),
            ("listen a", "0A000"),
            ("prepare transaction 'a'", "0A000"),
            ("set default_transaction_read_only = off", "55P02"),
        ]:
            refused(code, lambda: connection.execute(statement))
        connection.execute("set statement_timeout = '100d'")
        assert connection.execute("show statement_timeout").fetchone() == ("1min",)
        connection.execute("set statement_timeout = '300ms'")
        refused("57014", lambda: connection.execute(ENDLESS))
        # What follows has its time, on a busy machine too.
        connection.execute("set statement_timeout = 0")
        connection.execute("set timezone = 'Asia/Kolkata'")
        assert connection.info.parameter_status("TimeZone") == "Asia/Kolkata"
        assert connection.execute("show timezone").fetchone() == ("Asia/Kolkata",)


def one_snapshot_a_transaction():
    """While a run goes on, a transaction sees one state of it; outside, each statement the newest."""
    out = work / "going"
    out.mkdir()
    config = work / "slow.yaml"
    config.write_text("surrogates: 3000\n")
    data = str(work / "demo" / "data")
    arguments = [RESULTS, "run", "--config", str(config), "--data", data, "--out", str(out / "live"), "--shards", "2"]
    # Its workers wait before their second unit until a transaction has begun.
    go = work / "go"
    env = {**os.environ, "RESULTS_FAILPOINT": f"unit@2||wait|{go}"}
    worker = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
    own = None
    try:
        deadline = time.monotonic() + 60
        while not (out / "live" / "run.yaml").exists():
            assert time.monotonic() < deadline and worker.poll() is None, worker.communicate()
            time.sleep(0.05)
        own = Service([str(out / "live")], str(work / "state-live"))
        query = "select count(*) from raw.users"
        with psycopg.connect(own.dsn("live")) as connection, psycopg.connect(own.dsn("live"), autocommit=True) as newest:
            first = connection.execute(query).fetchone()[0]
            go.touch()
            grown, before = first, 0
            while worker.poll() is None:
                assert connection.execute(query).fetchone()[0] == first
                grown = newest.execute(query).fetchone()[0]
                assert grown >= before
                before = grown
            assert connection.execute(query).fetchone()[0] == first
            after = newest.execute(query).fetchone()[0]
            connection.commit()
            assert connection.execute(query).fetchone()[0] == after
            assert worker.returncode == 0, worker.stderr.read()
            assert after > first, (first, after)
    finally:
        go.touch()
        worker.kill()
        if own:
            own.stop()


# Who may do what


def logins():
    for wrong in [dict(password="wrong"), dict(user="nobody"), dict(user=service.token, password="x")]:
        try:
            connect(**wrong)
            raise AssertionError(wrong)
        except psycopg.OperationalError as error:
            # libpq tells only the words.
            assert "the login failed" in str(error), error
    with connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    try:
        connect("nonsense")
        raise AssertionError("unknown database")
    except psycopg.OperationalError as error:
        assert "unknown database nonsense" in str(error) and "merged" in str(error), error
    secret = run("token", "new", "anna", "--sources", "mer*", "--state", service.state).strip()
    anna = dict(user="anna", password=secret)
    with connect(**anna) as connection:
        names = [name for (name,) in connection.execute("select datname from pg_database")]
        assert names == ["merged"], names
        for query in ["select * from \"run\".public.te", "select * from run.raw.te"]:
            said = refused("42P01", lambda: connection.execute(query))
            assert str(work) not in said, said
    said = not_let_in("run", **anna)
    assert "unknown database run" in said and "there is merged" in said, said
    # What is hidden and what there is not are one to them.
    assert said == not_let_in("nil", **anna).replace("nil", "run"), said
    with connect(**anna) as connection:

        def told(sql):
            try:
                return connection.execute(sql).fetchall()
            except psycopg.Error as error:
                return error.sqlstate, str(error)

        for query in [
            'select * from "NAME".public.te',
            "select * from NAME.raw.te",
            "select * from NAME.te",
            "select * from NAME",
            "select * from NAME.information_schema.tables",
            "select te.tau from te join NAME.public.te b using (user_id)",
            "copy NAME.public.te to stdout",
            "set search_path = NAME",
            "select has_database_privilege('NAME', 'connect')",
            "select to_regclass('NAME.public.te')",
            "select datname from pg_database where datname = 'NAME'",
            "select count(*) from information_schema.tables where table_catalog = 'NAME'",
        ]:
            hidden, absent = (told(query.replace("NAME", name)) for name in ("run", "nil"))
            assert str(hidden) == str(absent).replace("nil", "run"), (hidden, absent)
    one_word_for_all(anna)
    # A token that is revoked ends what is open, and what is asked.
    open_one, asking = connect(**anna), connect(**anna)
    ended = []

    def ask():
        try:
            asking.execute(ENDLESS)
        except psycopg.Error as error:
            ended.append((time.monotonic(), str(error)))

    thread = threading.Thread(target=ask)
    thread.start()
    at_work(lambda: ended)
    child = service.busiest(lambda: ended)
    run("token", "revoke", "anna", "--state", service.state)
    revoked = time.monotonic()
    gone(child, revoked, 2.5)
    thread.join(timeout=60)
    assert ended and ended[0][0] - revoked < 2.5 and "revoked" in ended[0][1], ended
    try:
        open_one.execute("select 1")
        raise AssertionError("it goes on")
    except psycopg.OperationalError as error:
        assert "revoked" in str(error) or "closed" in str(error), error
    said = not_let_in(**anna)
    assert said == not_let_in(user="nobody") and "the login failed" in said, said
    connect().close()


def one_word_for_all(anna):
    """Nobody learns why a login fails: whether there is such a name, whether its token is over, whether the secret is another's."""
    ben = dict(user="ben", password=run("token", "new", "ben", "--state", service.state).strip())
    late = dict(user="late", password=run("token", "new", "late", "--days", "1", "--state", service.state).strip())
    connect(**late).close()
    # There is none of less than a day: its end is written into the file.
    file, ends = Path(service.state) / "tokens.yaml", int(time.time()) + 4
    text, number = re.subn(r'(expires: ")[^"]*', time.strftime(r"\g<1>%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)), file.read_text())
    assert number == 1, text
    file.write_text(text)
    with connect(**late) as connection:
        try:
            while time.time() < ends + 2.5:
                connection.execute("select 1")
                time.sleep(0.1)
            raise AssertionError("it goes on")
        except psycopg.OperationalError as error:
            assert time.time() >= ends and ("is over" in str(error) or "closed" in str(error)), error
    words = set()
    for wrong in [
        dict(user="nobody"),
        dict(user="anna", password="wrong"),
        {**anna, "password": ben["password"]},
        {**ben, "password": anna["password"]},
        late,
        {**late, "password": "wrong"},
        {**anna, "user": "late"},
    ]:
        words.add(not_let_in(**wrong))
        # After some wrong ones all would have to wait.
        connect().close()
    assert len(words) == 1 and "the login failed" in words.pop(), words
    run("token", "revoke", "ben", "--state", service.state)
    run("token", "revoke", "late", "--state", service.state)


def not_let_in(*database, **login):
    """The words with which somebody is not let in; libpq tells nothing else."""
    try:
        connect(*database, **login)
    except psycopg.OperationalError as error:
        return str(error)
    raise AssertionError(f"let in: {database} {login}")


def written_down():
    """What a session refuses by itself is in the audit log as what a child refuses is."""

    def lines():
        text = (Path(service.state) / "audit.ndjson").read_text().split("\n")[:-1]
        return [line for line in map(json.loads, text) if line["event"] == "query" and line["protocol"] == "postgres"]

    before = len(lines())
    with connect() as connection:
        for code, statement in [
            ("25006", "copy te from stdin"),
            ("42601", "fetch"),
            ("0A000", "listen te"),
            ("54000", f"select '{'x' * 300_000}'"),
        ]:
            refused(code, lambda: connection.execute(statement))
    try:
        connect("nonsense")
        raise AssertionError("unknown database")
    except psycopg.OperationalError:
        pass
    wanted = [
        ("merged", "copy te from stdin", "would-write"),
        ("merged", "fetch", "syntax"),
        ("merged", "listen te", "not-supported"),
        ("merged", None, "too-large"),
        ("nonsense", "a connection", "not-found"),
    ]
    found = [(line["source"], line.get("sql"), line["ending"]) for line in lines()[before:]]
    assert all(line in found for line in wanted), found


def nothing_weaker():
    """The only mechanism is SCRAM-SHA-256, and the salt of nobody looks like any other and stays the same."""

    def offered(user):
        with socket.create_connection((service.host, service.port)) as connection:
            body = struct.pack(">i", 196608) + b"user\0" + user + b"\0\0"
            connection.sendall(struct.pack(">i", len(body) + 4) + body)
            head = exactly(connection, 5)
            rest = exactly(connection, struct.unpack(">i", head[1:])[0] - 4)
            first = b"n,,n=,r=abc"
            body = b"SCRAM-SHA-256\0" + struct.pack(">i", len(first)) + first
            connection.sendall(b"p" + struct.pack(">i", len(body) + 4) + body)
            head = exactly(connection, 5)
            reply = exactly(connection, struct.unpack(">i", head[1:])[0] - 4)
            return rest[4:], re.search(rb"s=([^,]*),i=(\d+)", reply).groups()

    mechanisms, known = offered(b"results")
    assert mechanisms == b"SCRAM-SHA-256\0\0", mechanisms
    (_, first), (_, again), (_, other) = offered(b"nobody"), offered(b"nobody"), offered(b"somebody")
    assert first == again != other and len(first[0]) == len(known[0]) and first[1] == known[1] == b"4096"


def writes():
    with connect() as connection:
        for statement in [
            "insert into te select * from te",
            "create table x (a int)",
            "create view x as select 1",
            "create schema x",
            "drop table te",
            "drop schema public",
            "update te set tau = 1",
            "delete from te",
            "truncate te",
            "create external table x stored as csv location '/etc/passwd'",
            "copy te from stdin",
            "copy te to '/tmp/x'",
            "copy (select 1) to program 'true'",
        ]:
            refused("25006", lambda: connection.execute(statement))
            assert connection.execute("select 1").fetchone() == (1,), statement
        refused("42P01", lambda: connection.execute("select * from '/etc/passwd'"))
        refused("42P01", lambda: connection.execute("select * from information_schema.df_settings"))


def written_out(line):
    """A line of tests/reference/hostile.sql with every {N|TEXT|BETWEEN} in full."""

    def repeated(match):
        times, text, between = match[1].split("|")
        return between.join(text.replace("#", str(n)).replace("@", str(n - 1)) for n in range(1, int(times) + 1))

    return re.sub(r"\{(.*?)\}", repeated, line)


def hostile():
    """What would take more than it may have ends with an error, and nothing else does; the next query is answered."""
    _, listed = (HERE / "reference" / "hostile.sql").read_text().split("\n\n")
    lines = listed.splitlines()
    statements = [(*head.removeprefix("-- ").split(": "), written_out(line)) for head, line in zip(lines[::2], lines[1::2])]
    assert len(statements) > 20 and all(len(one) == 3 and one[1] in ("error", "rows") for one in statements), statements
    # Of the catalogue, which only this door has.
    statements.append(("catalogue", "rows", "select * from pg_class where " + " or ".join("relname = 'te'" for _ in range(3000))))
    statements.append(("catalogue, casts", "error", f"select oid{'::int' * 3000} from pg_class"))
    statements.append(("catalogue, parentheses", "error", f"select {'(' * 5000}oid{')' * 5000} from pg_class"))
    wrong = []
    with connect() as connection:
        connection.execute("set statement_timeout = '20s'")
        for name, ends, statement in statements:
            try:
                found = len(connection.execute(statement).fetchall())
                if ends == "error" or found < 1:
                    wrong.append(f"{name}: {found} rows")
            except psycopg.Error as error:
                assert error.sqlstate and str(error).strip(), name
                assert str(work) not in str(error), (name, error)
                if ends != "error":
                    wrong.append(f"{name}: {error}")
            assert connection.execute("select 1").fetchone() == (1,), name
    assert not wrong, "\n".join(wrong)


def junk():
    """Whatever comes before the login ends the connection, and nobody else's."""
    import random

    random.seed(1)
    start = struct.pack(">ii", 0, 196608)
    packets = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        struct.pack(">ii", 8, 131072),
        struct.pack(">ii", 2**31 - 1, 196608) + b"x" * 5000,
        struct.pack(">ii", 10001, 196608) + b"x" * 10000,
        struct.pack(">ii", 4, 196608),
        struct.pack(">i", 100),
        struct.pack(">ii", 8, 80877103) + b"\x16\x03\x01",
        start,
    ]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        packet = random.choice(packets)
        if random.random() < 0.5:
            packet = bytes(random.randrange(256) if random.random() < 0.1 else byte for byte in packet)
        with socket.create_connection((service.host, service.port), timeout=15) as connection:
            try:
                connection.sendall(packet)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except OSError:
                # It was let go already.
                pass
    wire = Raw()
    for kind, body in [(b"B", b"\0\0\xff\xff"), (b"P", b"x"), (b"D", b"Q"), (b"E", b""), (b"Q", b"\xff\xfe\0"), (b"d", b"x")]:
        wire.send(kind, body)
        wire.send(b"S", b"")
        while wire.message()[0] != b"Z":
            pass
        if kind == b"Q":
            assert wire.message()[0] == b"Z"
    wire.close()
    with connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


LOGIN = """
import java.sql.*;

public class Login {
    public static void main(String[] args) throws SQLException {
        try (Connection c = DriverManager.getConnection(args[0]); Statement s = c.createStatement()) {
            ResultSet rows = s.executeQuery("select count(*) as n from te");
            rows.next();
            System.out.println(rows.getLong("n"));
        }
    }
}
"""


def java(name, source, *args):
    """A program in Java with the driver of JDBC; it is compiled once."""
    jars = list(Path("/usr/share/java").glob("postgresql*.jar"))
    assert jars and shutil.which("javac"), "the driver of JDBC or a JDK is not there"
    folder = work / "java"
    folder.mkdir(exist_ok=True)
    if not (folder / f"{name}.class").exists():
        (folder / f"{name}.java").write_text(source)
        done = subprocess.run(["javac", f"{name}.java"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return subprocess.run(["java", "-cp", f"{folder}:{jars[0]}", name, *args], capture_output=True, text=True, timeout=600)


def r(script, **more):
    assert shutil.which("Rscript"), "R is not there"
    path = work / "script.R"
    path.write_text(script)
    return subprocess.run(["Rscript", "--vanilla", str(path)], capture_output=True, text=True, timeout=300, **more)


def answered(done):
    """What a program printed, or its words as an error."""
    if done.returncode:
        raise OSError(done.stderr)
    return done.stdout.strip()


COUNT = "select count(*) as n from te"


def by_psql(own, root):
    where = f"host=localhost port={own.port} user=results dbname=merged sslmode=verify-full sslrootcert={root}"
    env = {**os.environ, "PGPASSWORD": own.token}
    return answered(subprocess.run([PSQL, "-X", "-A", "-t", where, "-c", COUNT], capture_output=True, text=True, env=env, timeout=300))


def by_psycopg(own, root):
    with psycopg.connect(own.dsn(host="localhost", sslmode="verify-full", sslrootcert=root)) as connection:
        return connection.execute(COUNT).fetchone()[0]


def encrypted_url(own, root):
    return f"{own.url().replace(own.host, 'localhost')}?sslmode=verify-full&sslrootcert={root}"


def by_sqlalchemy(own, root):
    engine = sqlalchemy.create_engine(encrypted_url(own, root).replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text(COUNT)).scalar()
    finally:
        engine.dispose()


def by_adbc(own, root):
    with adbc.connect(encrypted_url(own, root)) as connection, connection.cursor() as cursor:
        cursor.execute(COUNT)
        return cursor.fetchone()[0]


def by_jdbc(own, root):
    (address,), (more,) = blocks("text jdbc"), re.findall(r"`(&sslmode=\S+)`", PAGE)
    address = address.strip().replace("127.0.0.1:8788", f"localhost:{own.port}").replace("TOKEN", own.token)
    return answered(java("Login", LOGIN, address + more.replace("root.pem", str(root))))


def by_r(own, root):
    (before,) = re.findall(r"`(Sys\.setenv\(PGSSLMODE.*?\))`", PAGE)
    connected = f'dbConnect(PostgreSQL(), host = "localhost", port = {own.port}, user = "results", password = "{own.token}", dbname = "merged")'
    return answered(r(f"""
{before.replace("root.pem", str(root))}
suppressMessages(library(RPostgreSQL))
c <- {connected}
cat(dbGetQuery(c, "{COUNT}")$n, "\\n")
invisible(dbDisconnect(c))
"""))


def tls():
    folder = work / "tls"
    folder.mkdir()

    def openssl(*args):
        done = subprocess.run(["openssl", *args], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done

    (folder / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
    (folder / "leaf.ext").write_text("subjectAltName=DNS:localhost,DNS:lab.example.org,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    for name in ("root", "stranger"):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-signkey", f"{name}.key", "-days", "2", "-extfile", "ca.ext", "-out", f"{name}.pem")
    for kind, how in {
        "ecdsa": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        "ed25519": ["ED25519"],
    }.items():
        openssl("genpkey", "-algorithm", *how, "-out", f"{kind}.key")
        openssl("req", "-new", "-key", f"{kind}.key", "-subj", f"/CN={kind}", "-out", f"{kind}.csr")
        openssl("x509", "-req", "-in", f"{kind}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "2", "-extfile", "leaf.ext", "-out", f"{kind}.pem")
        if kind == "ed25519":
            # Signed by itself: a signature that has no hash of its own.
            openssl("x509", "-req", "-in", f"{kind}.csr", "-signkey", f"{kind}.key", "-days", "2", "-extfile", "leaf.ext", "-out", f"{kind}.pem")
        root = folder / ("ed25519.pem" if kind == "ed25519" else "root.pem")
        more = ["--tls-cert", str(folder / f"{kind}.pem"), "--tls-key", str(folder / f"{kind}.key")]
        own = Service(DIRS, str(work / f"state-{kind}"), *more)

        def dsn(**parts):
            return own.dsn(**{"host": "localhost", "sslmode": "verify-full", "sslrootcert": root, **parts})

        try:
            bound = "prefer" if kind == "ed25519" else "require"
            with psycopg.connect(dsn(channel_binding=bound)) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            with psycopg.connect(dsn(channel_binding="disable")) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            for wrong, words in [
                (dict(sslrootcert=folder / "stranger.pem"), "certificate verify failed"),
                (dict(sslmode="disable"), "without TLS are refused"),
                (dict(password="wrong"), "the login failed"),
            ]:
                try:
                    psycopg.connect(dsn(**wrong))
                    raise AssertionError(wrong)
                except psycopg.OperationalError as error:
                    assert words in str(error), (wrong, error)
            for client in (by_psql, by_psycopg, by_sqlalchemy, by_adbc, by_jdbc, by_r):
                assert int(client(own, root)) == TE, (kind, client)
                try:
                    found = client(own, folder / "stranger.pem")
                except Exception as error:
                    # Refused for that, and for nothing else.
                    words = "PKIX path" if client is by_jdbc else "certificate verify failed"
                    assert words in str(error), (kind, client, str(error))
                else:
                    raise AssertionError(f"{client} takes a certificate of somebody else ({kind}): {found}")
            if kind == "ecdsa":
                psql_recipe_with_tls(own, root)
        finally:
            own.stop()
    try:
        psycopg.connect(service.dsn(sslmode="require"))
        raise AssertionError("there is no TLS")
    except psycopg.OperationalError as error:
        assert "SSL" in str(error), error


# Others


def sqlalchemy_reflection():
    engine = sqlalchemy.create_engine(service.url().replace("postgresql://", "postgresql+psycopg://"))
    looks = sqlalchemy.inspect(engine)
    assert "te" in looks.get_table_names() and "te" in looks.get_table_names("public"), looks.get_table_names()
    assert {"public", "information_schema"} <= set(looks.get_schema_names()), looks.get_schema_names()
    columns = {column["name"]: column for column in looks.get_columns("te")}
    assert isinstance(columns["q_A2S"]["type"], sqlalchemy.types.Float), columns["q_A2S"]
    assert isinstance(columns["user_id"]["type"], sqlalchemy.types.TEXT), columns["user_id"]
    assert columns["q_A2S"]["comment"], columns["q_A2S"]
    assert "user_id" in looks.get_pk_constraint("te")["constrained_columns"], looks.get_pk_constraint("te")
    assert looks.get_foreign_keys("te") == [] and looks.get_table_comment("te")["text"]
    looks.get_indexes("te"), looks.get_unique_constraints("te"), looks.get_check_constraints("te"), looks.get_view_names()
    table = sqlalchemy.Table("te", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.select(table.c.user_id, table.c.q_A2S).where(table.c.tau == 1).limit(3)).fetchall()
        assert len(rows) == 3
    import pandas

    frame = pandas.read_sql("select user_id, tau, q_A2S from te", engine)
    assert frame.shape == (TE, 3) and frame.q_A2S.dtype == float
    engine.dispose()


def adbc_tables():
    with adbc.connect(service.url()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("select user_id, tau, q_A2S from te order by 1, 2")
            table = cursor.fetch_arrow_table()
            assert table.num_rows == TE and [str(field.type) for field in table.schema] == ["string", "int64", "double"], table.schema
            cursor.execute("select count(*) as n from te where tau = $1", [1])
            assert cursor.fetch_arrow_table()["n"].to_pylist()[0] > 0
        assert "te" in str(connection.adbc_get_objects(depth="tables").read_all().to_pylist())
        schema = connection.adbc_get_table_schema("te")
        assert "q_A2S" in schema.names, schema


JAVA = """
import java.sql.*;
import java.util.*;

public class Clients {
    interface Step { Object run() throws Exception; }
    static boolean failed = false;

    static void step(String name, Step step) {
        try { System.out.println(name + " " + step.run()); }
        catch (Exception e) { failed = true; System.out.println("FAILED " + name + ": " + e.getMessage()); }
    }

    static List<String> all(ResultSet rows, String column) throws SQLException {
        List<String> found = new ArrayList<>();
        try (rows) { while (rows.next()) found.add(rows.getString(column)); }
        return found;
    }

    public static void main(String[] args) throws Exception {
        Properties own = new Properties();
        own.setProperty("user", "results");
        own.setProperty("password", args[1]);
        try (Connection c = DriverManager.getConnection(args[0], own)) {
            DatabaseMetaData about = c.getMetaData();
            step("version", () -> about.getDatabaseProductVersion());
            step("te", () -> all(about.getTables(null, "public", "%", new String[] {"TABLE"}), "TABLE_NAME").contains("te"));
            step("views", () -> all(about.getTables(null, null, "%", new String[] {"VIEW"}), "TABLE_NAME").contains("tests"));
            step("schemas", () -> all(about.getSchemas(), "TABLE_SCHEM").contains("public"));
            step("catalogs", () -> all(about.getCatalogs(), "TABLE_CAT"));
            step("columns", () -> all(about.getColumns(null, "public", "te", "%"), "COLUMN_NAME").contains("q_A2S"));
            step("type", () -> all(about.getColumns(null, "public", "te", "q_A2S"), "TYPE_NAME"));
            step("remarks", () -> all(about.getColumns(null, "public", "te", "q_A2S"), "REMARKS").get(0).isEmpty());
            step("key", () -> all(about.getPrimaryKeys(null, "public", "te"), "COLUMN_NAME"));
            step("types", () -> all(about.getTypeInfo(), "TYPE_NAME").contains("float8"));
            step("indexes", () -> all(about.getIndexInfo(null, "public", "te", true, true), "COLUMN_NAME").contains("user_id"));
            step("imported", () -> all(about.getImportedKeys(null, "public", "te"), "PKTABLE_NAME"));
            step("exported", () -> all(about.getExportedKeys(null, "public", "te"), "PKTABLE_NAME"));
            step("table types", () -> all(about.getTableTypes(), "TABLE_TYPE").contains("TABLE"));
            step("functions", () -> all(about.getFunctions(null, "public", "%"), "FUNCTION_NAME"));
            step("of functions", () -> all(about.getFunctionColumns(null, null, "%", "%"), "FUNCTION_NAME").contains("boolout"));
            step("of procedures", () -> all(about.getProcedureColumns(null, null, "%", "%"), "COLUMN_NAME").size() >= 0);
            step("privileges", () -> all(about.getTablePrivileges(null, "public", "te"), "PRIVILEGE"));
            for (int n = 0; n < 8; n++) {
                step("prepared", () -> {
                    String sql = "select user_id, tau, q_A2S from te where tau = ? and user_id <> ? order by 1, 2";
                    try (PreparedStatement s = c.prepareStatement(sql)) {
                        s.setInt(1, 1);
                        s.setString(2, "nobody");
                        ResultSet r = s.executeQuery();
                        r.next();
                        String type = r.getMetaData().getColumnTypeName(3);
                        return r.getLong("tau") + " " + type + " " + (r.getObject("q_A2S") == null || r.getDouble("q_A2S") >= 0);
                    }
                });
            }
            c.setAutoCommit(false);
            step("rows", () -> {
                try (Statement s = c.createStatement()) {
                    s.setFetchSize(5);
                    return all(s.executeQuery("select * from te"), "user_id").size();
                }
            });
            c.rollback();
            c.setAutoCommit(true);
            step("refused", () -> {
                try (Statement s = c.createStatement()) { return s.execute("insert into te select * from te"); }
                catch (SQLException e) { return e.getSQLState(); }
            });
            step("after", () -> all(c.createStatement().executeQuery("select 1 as one"), "one"));
        }
        System.exit(failed ? 1 : 0);
    }
}
"""


def jdbc():
    done = java("Clients", JAVA, f"jdbc:postgresql://{service.host}:{service.port}/merged", service.token)
    assert done.returncode == 0, (done.stdout, done.stderr[-3000:])
    for line in [
        "version 15.0",
        "te true",
        "views true",
        "schemas true",
        "catalogs [merged]",
        "columns true",
        "type [float8]",
        "remarks false",
        "types true",
        "indexes true",
        "imported []",
        "exported []",
        "of functions true",
        "of procedures true",
        "privileges [SELECT]",
        "prepared 1 float8 true",
        f"rows {TE}",
        "refused 25006",
        "after [1]",
    ]:
        assert line in done.stdout.splitlines(), (line, done.stdout)
    assert "key [user_id, feature_mode, tau]" in done.stdout or "key [feature_mode, tau, user_id]" in done.stdout, done.stdout


R = """
library(RPostgreSQL)
c <- dbConnect(PostgreSQL(), host = "HOST", port = PORT, user = "results", password = "TOKEN", dbname = "merged")
frame <- dbGetQuery(c, "select user_id, tau, q_A2S from te order by 1, 2")
cat("rows", nrow(frame), class(frame$q_A2S), class(frame$tau), "\\n")
cat("te", dbExistsTable(c, "te"), "te" %in% dbListTables(c), "q_A2S" %in% dbListFields(c, "te"), "\\n")
invisible(dbDisconnect(c))
"""


def r_data_frame():
    done = r(R.replace("HOST", service.host).replace("PORT", str(service.port)).replace("TOKEN", service.token))
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert f"rows {TE} numeric" in done.stdout and "te TRUE TRUE TRUE" in done.stdout, (done.stdout, done.stderr)


# The page's own


def blocks(mark):
    """Those of docs/connect.md with a mark, of which there must be some."""
    found = re.findall(rf"^```{mark}\n(.*?)^```$", PAGE, re.S | re.M)
    assert found, f"docs/connect.md has lost its blocks `{mark}`"
    return found


def here(text, own):
    """A recipe, with the port of a service of ours."""
    found = re.sub(r"8788\b", str(own.port), text)
    assert found != text, text
    return found


def home(own):
    """A home in which the token lies where the page looks for it."""
    folder = Path(f"{own.state}-home")
    if not folder.exists():
        (folder / ".local" / "state").mkdir(parents=True)
        (folder / ".local" / "state" / "results").symlink_to(own.state)
    return folder


def typed():
    """What the page has people type at the prompt of psql, without what it says beside."""
    (block,) = blocks("text psql")
    return "".join(re.split(r" {3,}", line)[0] + "\n" for line in block.splitlines())


def by_shell(block, own, **more):
    """A recipe by a shell, where psql takes what is typed at its prompt."""
    environment = {**os.environ, "HOME": str(home(own)), "PSQLRC": os.devnull, "PAGER": "cat", **more}
    environment.pop("PGPASSWORD", None)
    # It stands in a sentence.
    (password,) = re.findall(r"`(PGPASSWORD=.*?)` in front", PAGE)
    script = f"{password} {here(block, own)}"
    done = subprocess.run(
        ["bash", "-e", "-c", script], input=typed(), cwd=home(own), env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and not done.stderr, (script, done)
    return done.stdout


def recipes():
    (block,) = blocks("bash psql")
    shown = by_shell(block, service)
    for words in ["merged", "List of relations", 'Table "public.te"', "Description", "q_A2S", "COPY "]:
        assert words in shown, (words, shown)
    kept = (home(service) / "te.csv").read_text().splitlines()
    assert kept[0].startswith("user_id,") and f"COPY {len(kept) - 1}\n" in shown and len(kept) > 1, (kept[:2], shown)
    (address,) = blocks("text jdbc")
    assert int(answered(java("Login", LOGIN, here(address.strip(), service).replace("TOKEN", service.token)))) == TE
    (block,) = blocks("r postgres")
    checked = f"{here(block, service)}\nstopifnot(nrow(te) == {TE}, is.numeric(te$q_A2S), names(te) == c('user_id', 'tau', 'q_A2S'))\n"
    answered(r(checked, env={**os.environ, "HOME": str(home(service))}))


def psql_recipe_with_tls(own, root):
    """Its user has a token of that name, and its host is this machine."""
    secret = run("token", "new", "anna", "--state", own.state).strip()
    token = home(own) / ".local" / "state" / "results"
    token.unlink()
    token.mkdir()
    (token / "token").write_text(secret)
    (block,) = blocks("bash psql tls")
    for authority, is_right in [(root, True), (work / "tls" / "stranger.pem", False)]:
        shutil.copy(authority, home(own) / "root.pem")
        try:
            shown = by_shell(block, own, PGHOSTADDR="127.0.0.1")
        except AssertionError as error:
            assert not is_right and "certificate verify failed" in str(error), error
        else:
            assert is_right and "List of relations" in shown, (authority, shown)


def many_at_once():
    """Clients that come and go, some of them in the midst of their rows."""
    wrong = []

    def one(number):
        try:
            with connect() as connection:
                for _ in range(3):
                    assert connection.execute("select count(*) from te").fetchone() == (TE,)
                if number % 3 == 0:
                    connection.pgconn.send_query(b"select * from generate_series(1, 50000000)")
                    time.sleep(0.3)
                    os.close(os.dup(connection.fileno()))
                    connection.pgconn.finish()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong, wrong[:3]
    idle()


for test in [
    psql_catalogue,
    psql_more,
    psql_completion,
    psql_rows,
    psql_copy,
    psql_interrupt,
    psycopg_values,
    catalogue_answers,
    recorded,
    psycopg_wrong_values,
    psycopg_cursors,
    psycopg_portals,
    psycopg_copy,
    psycopg_prepared,
    psycopg_transactions,
    one_snapshot_a_transaction,
    logins,
    written_down,
    nothing_weaker,
    writes,
    hostile,
    junk,
    tls,
    sqlalchemy_reflection,
    adbc_tables,
    jdbc,
    r_data_frame,
    recipes,
    many_at_once,
]:
    if NAMES and test.__name__ not in NAMES:
        continue
    check(test)
service.stop()
if failed:
    print(Path(service.log.name).read_text()[-3000:])
    sys.exit(f"failed: {', '.join(failed)} (what was made is in {work})")
shutil.rmtree(work)
print("clients of Postgres are content")
