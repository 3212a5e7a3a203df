"""Flight SQL as people use it: ADBC, pyarrow, pandas and polars from PyPI.

usage: flight_client.py RESULTS

Makes a run of a few users, serves it and a second copy of its merged output, plain and over TLS, and asks it. A client that
is not there fails. The recipes of docs/connect.md that are marked `python flight` or `python flight tls` are run as they stand there.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings
from contextlib import contextmanager
from pathlib import Path

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi as flight
import adbc_driver_manager
import pandas
import polars
import pyarrow
import pyarrow.flight
from adbc_driver_flightsql import ConnectionOptions, DatabaseOptions

RESULTS = str(Path(sys.argv[1]).resolve())
ROOT = Path(__file__).resolve().parent.parent
HEADER = ConnectionOptions.RPC_CALL_HEADER_PREFIX.value
# What the driver says of autocommit is known.
warnings.filterwarnings("ignore", message="Cannot disable autocommit")


def run(*args, **more):
    done = subprocess.run([RESULTS, *args], capture_output=True, text=True, **more)
    assert done.returncode == 0, (args, done)
    return done.stdout


class Service:
    """What `results serve` said of itself."""

    def __init__(self, process, told, said, state):
        self.process, self.flight, self.web, self.state = process, told["flight"], told["web"], state
        self.token = (state / "token").read_text().strip()
        assert f"flight: {self.flight} (user: any, password: a token)" in said, said

    def connect(self, user="anyone", token=None, uri=None, **options):
        login = {"username": user, "password": self.token if token is None else token}
        return flight.connect(uri or self.flight, db_kwargs={**login, **options}, autocommit=True)

    def http(self, path, method="GET"):
        request = urllib.request.Request(self.web + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


    def children(self):
        """Its processes: the one that answers the only query at work, and those that wait for one. None comes or goes any more."""
        before, deadline = None, time.time() + 60
        while True:
            asked = len(self.http("/api/v1/queries"))
            own = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
            if asked == 1 and own == before and len(own) > 1:
                return own
            assert time.time() < deadline, (asked, own)
            before = own if asked == 1 else None
            time.sleep(0.1)


@contextmanager
def served(state, *args):
    said = state.parent / f"{state.name}.said"
    with said.open("w") as stderr:
        work = subprocess.Popen(
            [RESULTS, "serve", *args, "--listen", "127.0.0.1:0", "--state", str(state), "--json"],
            stdout=subprocess.PIPE, stderr=stderr, text=True,
        )
    try:
        told = json.loads(work.stdout.readline())
        deadline = time.time() + 60
        while "sign in" not in said.read_text():
            assert time.time() < deadline, said.read_text()
            time.sleep(0.05)
        yield Service(work, told, said.read_text(), state)
    finally:
        work.terminate()
        assert work.wait(30) == 0, said.read_text()


def rows(db, sql, values=None):
    with db.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def refused(what, *words):
    """The error that something ends with, which has the words."""
    try:
        what()
    except (adbc_driver_manager.Error, pyarrow.lib.ArrowException, OSError) as error:
        for word in words:
            assert word in str(error), (word, str(error))
        return str(error)
    raise AssertionError("it was not refused")


def told(what):
    """What something gives, or the words with which it ends."""
    try:
        return str(what())
    except adbc_driver_manager.Error as error:
        return str(error)


def logins(service):
    wanted = rows(service.connect(), "select count(*) as n from te")
    assert wanted[0][0] > 0
    for user in ("", "results"):
        assert rows(service.connect(user=user or "x"), "select count(*) as n from te") == wanted
    bearer = {DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {service.token}"}
    with flight.connect(service.flight, db_kwargs=bearer, autocommit=True) as db:
        assert rows(db, "select count(*) as n from te") == wanted
    # Without a word about autocommit, as most people write it.
    with flight.connect(service.flight, db_kwargs={"username": "results", "password": service.token}) as db:
        found = rows(db, "select user_id, tau, q_A2S from te where q_A2S < ? and tau = ?", [2.0, 1])
        assert found and all(tau == 1 for _, tau, _ in found)
    words = [
        refused(lambda: rows(service.connect(token="rs_wrong"), "select 1"), "unknown token"),
        refused(lambda: rows(service.connect(user=service.token, token=""), "select 1"), "unknown token"),
        refused(lambda: rows(flight.connect(service.flight, autocommit=True), "select 1"), "unknown token"),
    ]
    assert all("UNAUTHENTICATED" in one or "Unauthenticated" in one for one in words), words
    time.sleep(1)
    assert rows(service.connect(), "select 1") == [(1,)]
    # One that is over and one that was revoked are told nothing else than one that never was.
    late = run("token", "new", "late", "--days", "1", "--state", str(service.state)).strip()
    with service.connect(token=late) as db:
        assert rows(db, "select 1") == [(1,)]
        # There is none of less than a day: its end is written into the file.
        file, ends = service.state / "tokens.yaml", int(time.time()) + 4
        end = time.strftime(r"\g<1>%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
        text, number = re.subn(r'(expires: ")[^"]*', end, file.read_text())
        assert number == 1, text
        file.write_text(text)
    with service.connect(token=late) as db:
        assert rows(db, "select 1") == [(1,)]
        time.sleep(max(ends - time.time(), 0))
        over = refused(lambda: rows(db, "select 1"), "unknown token")
    said = {words[0], refused(lambda: rows(service.connect(token=late), "select 1"))}
    ben = run("token", "new", "ben", "--state", str(service.state)).strip()
    assert rows(service.connect(token=ben), "select 1") == [(1,)]
    run("token", "revoke", "ben", "--state", str(service.state))
    said.add(refused(lambda: rows(service.connect(token=ben), "select 1")))
    assert len(said) == 1 and "Unauthenticated" in over, (said, over)
    run("token", "revoke", "late", "--state", str(service.state))
    assert rows(service.connect(), "select 1") == [(1,)]


def catalogues(service):
    with service.connect() as db:
        objects = db.adbc_get_objects(depth="all").read_all().to_pylist()
        assert [one["catalog_name"] for one in objects] == ["k6 old", "merged"], objects
        schemas = {one["db_schema_name"]: one["db_schema_tables"] for one in objects[1]["catalog_db_schemas"]}
        te = next(table for table in schemas["public"] if table["table_name"] == "te")
        assert te["table_type"] == "TABLE"
        assert next(table for table in schemas["public"] if table["table_name"] == "tests")["table_type"] == "VIEW"
        columns = {column["column_name"]: column for column in te["table_columns"]}
        shown = [column[0] for column in columns_of(db, "select * from te")]
        assert list(columns) == shown, (list(columns), shown)
        assert columns["user_id"]["xdbc_type_name"] == "VARCHAR", columns["user_id"]
        some = db.adbc_get_objects(
            depth="tables", catalog_filter="merged", db_schema_filter="public", table_name_filter="t%"
        ).read_all().to_pylist()
        names = [table["table_name"] for table in some[0]["catalog_db_schemas"][0]["db_schema_tables"]]
        assert "te" in names and "users" not in names, names
        assert db.adbc_get_table_types() == ["TABLE", "VIEW"]
        schema = db.adbc_get_table_schema("te", catalog_filter="merged", db_schema_filter="public")
        assert schema.names == shown and schema.field("user_id").type == pyarrow.string()
        # The driver asks for no remarks and keys of its own: they are here, and with GetPrimaryKeys.
        tau = schema.field("tau").metadata
        assert tau[b"unit"] == b"steps" and tau[b"ARROW:FLIGHT:SQL:REMARKS"] == tau[b"description"] + b" [steps]", tau
        info = db.adbc_get_info()
        assert info["vendor_name"] == "results" and info["vendor_version"] and info["vendor_arrow_version"], info
        # By number where the manager has no name: SQL, Substrait.
        assert info["driver_adbc_version"] >= 1_001_000, info


def columns_of(db, sql):
    with db.cursor() as cursor:
        cursor.execute(sql)
        return cursor.description


def parameters(service):
    with service.connect() as db, db.cursor() as cursor:
        told = cursor.adbc_execute_schema("select user_id, tau from te")
        assert told.names == ["user_id", "tau"], told
        takes = cursor.adbc_prepare("select count(*) as n from te where q_A2S < $1 and tau = $2")
        assert [str(kind) for kind in takes.types] == ["double", "int64"], takes
        for sql in (
            "select count(*) as n from te where q_A2S < ? and tau = ?",
            "select count(*) as n from te where q_A2S < $1 and tau = $2",
            "select count(*) as n from te where q_A2S < ? and tau = ? -- and ?",
            "select count(*) as n from te where q_A2S < ? /* ? */ and tau = ? and '?' <> '''?'",
            "select count(*) as \"n?\" from te where q_A2S < ? and tau = ?",
        ):
            all_of_them = rows(db, "select count(*) from te where q_A2S < 2.0 and tau = 1")
            cursor.execute(sql, [2.0, 1])
            assert cursor.fetchall() == all_of_them, sql
            cursor.execute(sql, [-1.0, 1])
            assert cursor.fetchall() == [(0,)], sql
        cursor.execute("select ? as a, ? as b, ? as c, ? as d", ["x?", 1.5, None, True])
        assert cursor.fetchall() == [("x?", 1.5, None, True)]
        row = pyarrow.record_batch({"tau": [1], "most": [2.0]})
        cursor.execute("select count(*) as n from te where q_A2S < $most and tau = $tau", row)
        assert cursor.fetchall() == all_of_them
        refused(lambda: cursor.execute("select ? + $1", [1]), "two kinds")
        refused(lambda: cursor.executemany("select ? as n", [[1], [2]]), "not an update", "once for each")
        refused(lambda: cursor.execute("select ? as n", pyarrow.record_batch({"n": [1, 2]})), "2 rows of values")
        refused(lambda: cursor.execute("select ? as n, ? as m", [1]), "(hint:")
        cursor.execute("select 1")
        assert cursor.fetchall() == [(1,)]


def sources(service):
    named = 'select count(*) as n from "k6 old".public.te a join te b using (user_id, tau, feature_mode)'
    with service.connect() as db:
        both = rows(db, named)
        assert both[0][0] > 0
        refused(lambda: rows(db, "select * from nowhere.public.te"), "nowhere")
    # A table that both have is that of the source of the connection.
    for source in ("merged", "k6 old"):
        with service.connect(**{HEADER + "database": source}) as db:
            names = [column[0] for column in columns_of(db, "select * from te")]
            assert db.adbc_get_table_schema("te").names == names, source
            assert len(db.adbc_get_objects(depth="catalogs").read_all().to_pylist()) == 2
    with service.connect(**{HEADER + "database": "k6 old"}) as db:
        assert rows(db, "select count(*) as n from merged.public.te a join te b using (user_id, tau, feature_mode)") == both
    with service.connect(**{HEADER + "database": "nowhere"}) as db:
        refused(lambda: rows(db, "select 1"), "unknown run nowhere", "k6 old")
    token = run("token", "new", "anna", "--sources", "k6*", "--state", str(service.state)).strip()
    with service.connect(token=token) as db:
        seen = db.adbc_get_objects(depth="all").read_all().to_pylist()
        assert [one["catalog_name"] for one in seen] == ["k6 old"]
        assert "merged" not in str(seen) + refused(lambda: rows(db, "select * from merged.public.te")).replace(
            "merged.public.te", "")
        # What is hidden and what there is not are one to them.
        for ask in (
            lambda db, name: rows(db, f"select * from {name}.public.te"),
            lambda db, name: rows(db, f"select te.tau from te join {name}.raw.te b using (user_id)"),
            lambda db, name: db.adbc_get_table_schema("te", catalog_filter=name),
            lambda db, name: db.adbc_get_objects(depth="all", catalog_filter=name).read_all().to_pylist(),
        ):
            hidden, absent = told(lambda: ask(db, "merged")), told(lambda: ask(db, "absent"))
            assert hidden == absent.replace("absent", "merged"), (hidden, absent)
        both = []
        for name in ("merged", "absent"):
            with service.connect(token=token, **{HEADER + "database": name}) as other:
                both.append(refused(lambda: rows(other, "select 1"), f"unknown run {name}", "k6 old"))
        assert both[0] == both[1].replace("absent", "merged"), both
        run("token", "revoke", "anna", "--state", str(service.state))
        deadline = time.time() + 2.5
        while True:
            # What was asked before may be answered later.
            began = time.time()
            try:
                rows(db, "select 1")
            except adbc_driver_manager.Error:
                break
            assert began < deadline, "the token holds still"
            time.sleep(0.1)


def ends(service):
    with service.connect() as db:
        for sql, *words in (
            ("selec 1", "an SQL statement", "Line: 1"),
            ("select nothing from te", "nothing"),
            ("select * from nowhere", "nowhere"),
            ("insert into te select * from te", "queries only read here"),
            ("create table t as select 1", "queries only read here"),
            ("drop table te", "queries only read here"),
            ("copy te to 'x.csv'", "queries only read here"),
            ("set datafusion.execution.batch_size = 1", "queries only read here"),
            ("select * from '/etc/passwd'", "/etc/passwd"),
            ("select cast(case when n = 900000 then 'x' else '1' end as bigint) from (select unnest(range(1, 1000000)) as n)", "x"),
        ):
            refused(lambda sql=sql: rows(db, sql), *words)
            assert rows(db, "select 1") == [(1,)], sql
        with db.cursor() as cursor:
            refused(lambda: cursor.executemany("delete from te where tau = ?", [[1]]), "queries only read here")
            table = pyarrow.table({"a": [1]})
            refused(lambda: cursor.adbc_ingest("mine", table, mode="create"), "queries only read here")
        sql = "select n, n * 0.5 as half, 'row ' || n as words from (select unnest(range(0, 1000000)) as n)"
        with db.cursor() as cursor:
            cursor.execute(sql)
            table = cursor.fetch_arrow_table()
        assert table.num_rows == 1_000_000 and pyarrow.compute.sum(table["n"]).as_py() == 499_999_500_000
        refused(lambda: rows(db, "select repeat('x', 30000000) as x"), "larger than max")
    with service.connect(**{DatabaseOptions.WITH_MAX_MSG_SIZE.value: str(64 << 20)}) as db:
        assert len(rows(db, "select repeat('x', 30000000) as x")[0][0]) == 30_000_000


def gone(service, children, how, since):
    """How long a query and its process are there still: 200 ms are promised, and more are given to a machine that does other things.
    Children that wait for a query stay, so that the one that is no process any more was at work."""
    while service.http("/api/v1/queries"):
        assert time.time() < since + 1, f"after {how} it is at work still"
        time.sleep(0.01)
    listed = time.time() - since
    while not (dead := [child for child in children if not Path(f"/proc/{child}").exists()]):
        assert time.time() < since + 1, f"after {how} its process lives: {children}"
        time.sleep(0.01)
    assert len(dead) == 1, (dead, children)
    print(f"  gone {listed:.3f} s after {how}, its process {time.time() - since:.3f} s")


def cancelled(service):
    endless = "select n, repeat('x', 100) as x from (select unnest(range(1, 3000000)) as n)"
    with service.connect() as db, db.cursor() as cursor:
        cursor.execute(endless)
        reader = cursor.fetch_record_batch()
        reader.read_next_batch()
        children = service.children()
        since = time.time()
        cursor.adbc_cancel()
        gone(service, children, "adbc_cancel among rows", since)
        refused(lambda: [None for _ in iter(reader.read_next_batch, None)])
        assert rows(db, "select 1") == [(1,)]
    # One that has no row yet, from another thread; and one that is ended over HTTP.
    slow = "with recursive t(n) as (select 1 union all select n + 1 from t where n < 1000000000) select max(n) from t"
    for how in ("cancel", "http"):
        with service.connect() as db, db.cursor() as cursor:
            said = []
            asked = threading.Thread(target=lambda: said.append(refused(lambda: fetch(cursor, slow))))
            asked.start()
            # The question for its columns may be at its end still.
            while not (numbers := [one["id"] for one in service.http("/api/v1/queries") if one["sql"] == slow]):
                assert asked.is_alive(), said
                time.sleep(0.02)
            children = service.children()
            since = time.time()
            if how == "cancel":
                cursor.adbc_cancel()
            else:
                service.http(f"/api/v1/queries/{numbers[0]}/cancel", "POST")
            gone(service, children, how, since)
            asked.join(60)
            assert said and not asked.is_alive(), how
    # A connection that is closed in the middle.
    db = service.connect()
    cursor = db.cursor()
    cursor.execute(endless)
    cursor.fetch_record_batch().read_next_batch()
    children = service.children()
    since = time.time()
    cursor.close()
    db.close()
    gone(service, children, "close", since)


def fetch(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchall()


def frames(service):
    sql = "select user_id, tau, effective_A2S, q_A2S from te order by user_id, tau"
    with service.connect() as db:
        one = pandas.read_sql(sql, db)
        other = polars.read_database(sql, db)
        csv = polars.read_csv(run("sql", "--run", str(service.merged), "--format", "csv", sql).encode())
        assert list(one.columns) == other.columns == csv.columns
        assert one["effective_A2S"].tolist() == other["effective_A2S"].to_list() == csv["effective_A2S"].to_list()
        assert other.schema["tau"] == polars.Int64 and len(one) == len(other) == len(csv) > 0
        some = polars.read_database("select * from te where tau = ?", db, execute_options={"parameters": [1]})
        assert set(some["tau"]) == {1}


def message(number, value):
    """A field of protobuf that has a length."""
    length, size = b"", len(value)
    while size >= 128:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value


def arrow(service):
    place = service.flight.replace("grpc://", "grpc+tcp://")
    with pyarrow.flight.connect(place) as client:
        refused(lambda: list(client.list_actions()), "unknown token")
        refused(lambda: client.authenticate_basic_token("anyone", "rs_wrong"), "unknown token")
        time.sleep(1)
        options = pyarrow.flight.FlightCallOptions(headers=[client.authenticate_basic_token("anyone", service.token)])
        assert "CancelFlightInfo" in [action.type for action in client.list_actions(options)]
        query = message(1, b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery") + message(
            2, message(1, b"select 40 + 2 as n"))
        descriptor = pyarrow.flight.FlightDescriptor.for_command(query)
        assert client.get_schema(descriptor, options).schema.names == ["n"]
        key = message(1, b"type.googleapis.com/arrow.flight.protocol.sql.CommandGetPrimaryKeys") + message(
            2, message(1, b"merged") + message(3, b"te"))
        keys = client.get_flight_info(pyarrow.flight.FlightDescriptor.for_command(key), options)
        keys = client.do_get(keys.endpoints[0].ticket, options).read_all().to_pylist()
        assert [one["column_name"] for one in keys] == ["user_id", "feature_mode", "tau"], keys
        info = client.get_flight_info(descriptor, options)
        ticket = info.endpoints[0].ticket
        assert client.do_get(ticket, options).read_all().to_pylist() == [{"n": 42}]
        refused(lambda: client.do_get(ticket, options), "begin again")
        refused(lambda: client.do_get(pyarrow.flight.Ticket(b"nonsense"), options), "(hint:")
        refused(lambda: list(client.list_flights(options=options)), "(hint:")


def recipes(service):
    """The page's own."""
    found = blocks("python flight")
    assert len(found) >= 3, "docs/connect.md has lost its recipes"
    for recipe in found:
        by_python(recipe, service, "grpc://127.0.0.1:8787", service.flight)


def blocks(mark):
    return re.findall(rf"^```{mark}\n(.*?)^```$", (ROOT / "docs" / "connect.md").read_text(), re.S | re.M)


def by_python(recipe, service, address, own, **more):
    """A recipe as it stands there, with an address of ours and where its token is."""
    text = recipe.replace(address, own).replace("~/.local/state/results/token", str(service.state / "token"))
    assert text.count(own) == 1 and str(service.state) in text, recipe
    done = subprocess.run([sys.executable, "-W", "error", "-c", text], capture_output=True, text=True, **more)
    assert done.returncode == 0, (recipe, done.stderr)
    assert done.stdout.strip(), recipe
    print("  a recipe:", recipe.strip().splitlines()[-1], "->", done.stdout.strip().splitlines()[-1:])


def certificate(folder, name):
    key, pem = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext",
         "extendedKeyUsage=serverAuth", "-keyout", str(key), "-out", str(pem)],
        check=True, capture_output=True,
    )
    return pem, key


def encrypted(folder, merged):
    pem, key = certificate(folder, "right")
    other, _ = certificate(folder, "wrong")
    with served(folder / "state-tls", str(merged), "--tls-cert", str(pem), "--tls-key", str(key)) as service:
        assert service.flight.startswith("grpc+tls://"), service.flight
        roots = DatabaseOptions.TLS_ROOT_CERTS.value
        with service.connect(**{roots: pem.read_text()}) as db:
            assert rows(db, "select 1") == [(1,)]
        refused(lambda: rows(service.connect(**{roots: other.read_text()}), "select 1"), "certificate")
        refused(lambda: rows(service.connect(), "select 1"), "certificate")
        (recipe,) = blocks("python flight tls")
        page = ("grpc+tls://lab.example.org:8787", service.flight)
        shutil.copy(pem, folder / "cert.pem")
        by_python(recipe, service, *page, cwd=folder)
        shutil.copy(other, folder / "cert.pem")
        try:
            by_python(recipe, service, *page, cwd=folder)
        except AssertionError as error:
            assert "certificate" in str(error), error
        else:
            raise AssertionError("the recipe takes the certificate of somebody else")
        plain = service.flight.replace("grpc+tls", "grpc")
        refused(lambda: rows(service.connect(uri=plain), "select 1"))
        with pyarrow.flight.connect(service.flight, tls_root_certs=pem.read_bytes()) as client:
            assert client.authenticate_basic_token("anyone", service.token)[1].startswith(b"Bearer ")
        with pyarrow.flight.connect(service.flight, tls_root_certs=other.read_bytes()) as client:
            refused(lambda: client.authenticate_basic_token("anyone", service.token))


def main():
    print(f"adbc {adbc_driver_flightsql.__version__}, pyarrow {pyarrow.__version__}, pandas {pandas.__version__}, polars {polars.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run("demo", "--users", "4", "--out", str(folder / "demo"))
        merged = folder / "demo" / "merged"
        shutil.copytree(merged, folder / "k6 old")
        with served(folder / "state", str(merged), str(folder / "k6 old")) as service:
            service.merged = merged
            for part in (logins, catalogues, parameters, sources, ends, cancelled, frames, arrow, recipes):
                since = time.time()
                part(service)
                print(f"{part.__name__}: {time.time() - since:.1f} s")
        encrypted(folder, merged)
        print("encrypted")


main()
