"""Analyses of one's own, good and bad ones."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import results_service as rs
from results_service import _rows


def module(text: str, name: str = "mine") -> rs.Analysis:
    """An analysis of a file."""
    import importlib.util

    file = Path(f"{name}.py")
    file.write_text(textwrap.dedent(text))
    spec = importlib.util.spec_from_file_location(file.stem, file.absolute())
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = made
    spec.loader.exec_module(made)
    found: rs.Analysis = made.mine
    return found


def cell(text: str, name: str = "mine") -> Any:
    """What a cell of a notebook defines: it has a text, and no file."""
    import linecache
    import types

    text = textwrap.dedent(text)
    linecache.cache["<cell>"] = (len(text), None, text.splitlines(True), "<cell>")
    made = types.ModuleType("__main__")
    exec(compile(text, "<cell>", "exec"), made.__dict__)
    return getattr(made, name)


def test_data_frames_go_as_arrow_where_arrow_has_their_columns() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    now = datetime.now(timezone.utc)

    def sent(item: Any, tables: list[str] = ["t"]) -> list[Any]:
        """What a data frame becomes: a table of Arrow, or lines."""
        found = []
        for part in _rows.answers([item], tables):
            head, rest = part.split(b"\n", 1)
            told = json.loads(head)
            if "arrow" not in told:
                found.append(told)
                continue
            assert len(rest) == told["arrow"]
            table = pa.ipc.open_stream(rest).read_all()
            found.append((table.schema.metadata[b"table"].decode(), table.to_pylist()))
        return found

    nan = float("nan")
    rows = [{"n": 1, "x": 0.5, "s": "a", "b": True, "t": now}, {"n": 2, "x": None, "s": None, "b": False, "t": None}]
    given = {"n": [1, 2], "x": [0.5, nan], "s": ["a", None], "b": [True, False], "t": [now, None]}
    for frame in (pandas.DataFrame(given), polars.DataFrame(given, strict=False), pa.table(given)):
        ((table, got),) = sent(frame)
        assert table == "t" and got == rows, frame
    assert sent(("u", pa.table({"n": [1]})), ["t", "u"]) == [("u", [{"n": 1}])]
    assert sent(pa.table({"n": pa.nulls(1)})) == [("t", [{"n": None}])]
    assert sent(pandas.DataFrame({"n": []})) == [("t", [])]
    # Columns that only lines can have, a table that a column says, and what is wrong in words.
    assert sent(pa.table({"table": ["u"], "n": [1]}), ["t", "u"]) == [{"table": "u", "n": 1}]
    assert sent(pandas.DataFrame({"n": [1, "a"]})) == [{"table": "t", "n": 1}, {"table": "t", "n": "a"}]
    with pytest.raises(ValueError, match="table t, column x: inf"):
        sent(pa.table({"x": [float("inf")]}))
    with pytest.raises(ValueError, match="has no time zone"):
        sent(pandas.DataFrame({"t": [datetime(2026, 3, 1)]}))
    with pytest.raises(TypeError, match="a list cannot be a value"):
        sent(pa.table({"l": [[1]]}))


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow", "path"])
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_frames_of_every_kind(steps: Path, here: Path, frame: str, kind: str) -> None:
    import gzip

    import pandas

    for file in list(steps.iterdir()):
        if kind == "csv.gz":
            Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes()))
        elif kind == "parquet":
            pandas.read_csv(file).to_parquet(file.with_suffix(".parquet"))
        if kind != "csv":
            file.unlink()
    mine = module(
        f"""
        import results_service as rs
        @rs.analysis(tables={{"seen": {{"frame": str, "total": int}}}}, frame={frame!r})
        def mine(frame):
            import builtins
            total = 0 if {frame!r} == "path" else builtins.sum(map(int, frame["steps"].to_pylist() if {frame!r} == "pyarrow" else frame["steps"]))
            yield {{"frame": type(frame).__module__.split(".")[0], "total": total}}
        """
    )
    run = rs.run(mine, data=steps, progress=False)
    rows = run.sql("select user_id, frame, total from seen order by user_id").to_pylist()
    module_of = {"pyarrow": "pyarrow", "path": "pathlib"}.get(frame, frame)
    assert [row["user_id"] for row in rows] == ["u1", "u2", "u3", "u4", "u5"]
    assert {row["frame"] for row in rows} == {module_of}
    assert [row["total"] for row in rows] == [0 if frame == "path" else user * 60 + 15 for user in range(1, 6)]
    n = run.sql("select distinct n_samples from users").to_pylist()
    assert n == [{"n_samples": None if frame == "path" else 6}]


def test_rows_of_every_kind(steps: Path, here: Path) -> None:
    mine = module(
        """
        import datetime, math, numpy, pandas, polars, pyarrow
        import results_service as rs

        @rs.analysis(
            tables={
                "one": {"key": ["k"], "columns": {"k": int, "x": float, "t": datetime.datetime, "b": bool}},
                "two": {"name": str},
            },
            modes=["a", "b"],
        )
        def mine(frame, unit):
            now = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.timezone.utc)
            yield "one", {"k": numpy.int64(1), "x": math.nan, "t": now, "b": numpy.bool_(True)}
            yield "one", pandas.DataFrame({"k": [2, 3], "x": [0.5, None], "t": [pandas.Timestamp(now), pandas.NaT]})
            yield "one", polars.DataFrame({"k": [4], "b": [False]})
            yield "one", pyarrow.table({"k": [5], "x": pyarrow.array([2.0], pyarrow.float32())})
            yield {"table": "two", "name": f"{unit.user_id} {unit.feature_mode} {unit.seed} {unit.input.name}"}
            unit.stage("done")
        """
    )
    run = rs.run(mine, data=steps, seed=7, progress=False)
    one = run.sql("select k, x, t, b from one where user_id = 'u1' and feature_mode = 'b' order by k").to_pylist()
    assert [row["k"] for row in one] == [1, 2, 3, 4, 5] and [row["x"] for row in one] == [None, 0.5, None, None, 2.0]
    assert [row["b"] for row in one] == [True, None, None, False, None]
    assert one[0]["t"] == one[1]["t"] and str(one[0]["t"]).startswith("2026-01-05 12:00:00") and one[2]["t"] is None
    assert run.sql("select name from two where user_id = 'u2' order by name")["name"].to_pylist() == [
        "u2 a 7 u2.csv",
        "u2 b 7 u2.csv",
    ]
    assert len(run.table("users")) == 10
    tried = mine.on(steps / "u3.csv", feature_mode="a")
    assert len(tried) == 6 and tried[-1] == {"table": "two", "name": "u3 a 42 u3.csv"}
    # Merged and checked by the tables that the analysis brought.
    assert len(run.merge("merged").table("one")) == 50


BAD = {
    "raises": ("total(frame)", "ZeroDivisionError: division by zero", "in total"),
    "wrong column": ('yield {"nosuch": 1}', "nosuch", ""),
    "wrong type": ('yield {"n": "x"}', "column n", ""),
    "a key twice": ('yield {"n": 1}; yield {"n": 1}', "has the key of line 2 again", ""),
    "a list as value": ('yield {"n": [1]}', "a list cannot be a value of a row", "Traceback"),
    "infinite": ('yield {"n": 1, "x": float("inf")}', "column x: inf (hint:", "Traceback"),
    "no row": ("yield 5", "a int is no row", "Traceback"),
    "not text": (r'yield {"n": 1, "s": "\ud800"}', "UnicodeEncodeError", "Traceback"),
    "prints": ('print("hello")\n        yield {"n": 1}', "'hello'", "print(…, file=sys.stderr)"),
    "prints and hides it": ('try: print("hello")\n        except Exception: pass\n        yield {"n": 1}', "'hello", "log"),
    "prints from below": ('import os; os.system("echo hello")\n        yield {"n": 1}', "'hello'", "log"),
    "forks": ('import os; os.fork()\n        yield {"n": 1}', "forked and left 1 process behind", "multiprocessing"),
    "forks and fails": ('import os; os.fork()\n        1 / 0', "ZeroDivisionError", "Traceback"),
    "exits": ("import sys; sys.exit(0)", "SystemExit: 0", "sys.exit(0)"),
    "leaves": ("import os; os._exit(0)", "ended with exit code 0 in the middle of the unit", ""),
    "dies": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed", ""),
    "crashes": ("import ctypes; ctypes.string_at(0)", "crashed (SIGSEGV", ""),
    "recurses": ("def again(): again()\n        again()", "RecursionError", "Traceback"),
    "closes standard output": ("import sys; sys.stdout.close(); print(1)", "Printed", "Traceback"),
    "wants input": ("input()", "EOFError", "Traceback"),
    "interrupts itself": ("raise KeyboardInterrupt", "KeyboardInterrupt", "Traceback"),
    "wrong file": ("raise UnicodeError('a\\0b')", "a\\0b", "Traceback"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_bad_fails_its_unit_only(steps: Path, here: Path, what: str) -> None:
    body, reason, more = BAD[what]
    mine = module(
        f"""
        import results_service as rs

        def total(frame):
            return 1 / 0

        @rs.analysis(tables={{"rows": {{"key": ["n"], "columns": {{"n": int, "x": float, "s": str}}}}}})
        def mine(frame, unit):
            yield {{"n": -1}}
            if unit.user_id == "u3":
                bad(frame)
                for row in bad(frame) or (): yield row
            yield {{"n": 2}}

        def bad(frame):
        {body if body.startswith("    ") else "    " + body.replace(chr(10) + "        ", chr(10) + "            ")}
        """
    )
    if "yield" in body:
        # A generator does nothing before it is asked.
        Path("mine.py").write_text(Path("mine.py").read_text().replace("        bad(frame)\n", "", 1))
    with pytest.raises(rs.Incomplete, match="1 unit failed") as caught:
        rs.run(mine, data=steps, shards=1, progress=False)
    run = caught.value.run
    assert run is not None
    users = run.sql("select user_id, state, reason from users order by user_id").to_pylist()
    assert [user["state"] for user in users] == ["ok", "ok", "failed", "ok", "ok"]
    assert reason in users[2]["reason"] and more in users[2]["reason"], users[2]["reason"]
    # Of the unit that failed there is nothing, of the others all.
    assert len(run.sql("select * from rows where user_id <> 'u3'")) == 8
    assert len(run.sql("select * from rows where user_id = 'u3'")) == 0


def test_a_traceback_names_file_and_line_and_not_this_package(steps: Path, here: Path) -> None:
    mine = module(
        """
        import results_service as rs
        @rs.analysis(tables={"t": {"n": int}})
        def mine(frame):
            yield {"n": frame["nosuch"].sum()}
        """
    )
    with pytest.raises(rs.Incomplete) as caught:
        rs.run(mine, data=steps, shards=1, progress=False)
    assert caught.value.run is not None
    reason = caught.value.run.sql("select reason from users limit 1")["reason"][0].as_py()
    assert reason.startswith("KeyError: 'nosuch'\nTraceback (most recent call last):\n")
    assert f'File "{here / "mine.py"}", line 5, in mine' in reason and "_worker.py" not in reason
    assert reason.count("KeyError: 'nosuch'") >= 2


def test_units_may_be_skipped_and_workers_forked_that_are_waited_for(steps: Path, here: Path) -> None:
    mine = module(
        """
        import multiprocessing, os, subprocess, sys
        import results_service as rs

        print("read")

        @rs.analysis(tables={"t": {"n": int}})
        def mine(frame, unit):
            if unit.user_id == "u1":
                raise rs.Skip("too short")
            with multiprocessing.get_context("fork").Pool(2) as pool:
                n = sum(pool.map(abs, [-1, -2]))
            out = subprocess.run([sys.executable, "-c", "print(3)"], capture_output=True, check=True).stdout
            print("to the log", file=sys.stderr)
            yield {"n": n + int(out)}
        """
    )
    with pytest.raises(rs.Incomplete, match="1 skipped"):
        rs.run(mine, data=steps, shards=1, progress=False, out="run")
    run = rs.run(mine, data=steps, shards=1, progress=False, allow_incomplete=True)
    assert run.status().counts == {"total": 5, "ok": 4, "skipped": 1, "failed": 0, "running": 0}
    assert run.sql("select distinct n from t")["n"].to_pylist() == [6]
    assert run.sql("select reason from users where state = 'skipped'")["reason"].to_pylist() == ["too short"]
    assert "to the log" in (run.directory / "_logs" / "shard-0.log").read_text()
    merged = run.merge("merged", accept_skipped=["u1"])
    assert len(merged.table("t")) == 4


def test_a_p_becomes_a_q_over_all_people(steps: Path, here: Path) -> None:
    mine = module(
        """
        import results_service as rs
        q = {"type": float, "min": 0.0, "max": 1.0, "derived": {"q_of": "p", "family": ["feature_mode"]}}
        @rs.analysis(tables={"t": {"columns": {"p": {"type": float, "min": 0.0, "max": 1.0}, "q": q}}})
        def mine(frame, unit):
            yield {"p": int(unit.user_id[1:]) / 100}
        """
    )
    merged = rs.run(mine, data=steps, progress=False).merge("merged")
    assert merged.sql("select p, q from t order by p")["q"].to_pylist() == [pytest.approx(0.05)] * 5


def test_one_worker_does_many_units(steps: Path, here: Path) -> None:
    mine = module(
        """
        import os
        import results_service as rs
        @rs.analysis(tables={"t": {"pid": int}})
        def mine(frame):
            yield {"pid": os.getpid()}
        """
    )
    run = rs.run(mine, data=steps, shards=2, progress=False)
    assert run.sql("select count(distinct pid) as n from t")["n"].to_pylist() == [2]


def test_a_unit_finds_nothing_of_the_one_before(steps: Path, here: Path) -> None:
    mine = module(
        """
        import os, sys
        import results_service as rs
        @rs.analysis(tables={"t": {"folder": str, "output": str}})
        def mine(frame):
            yield {"folder": os.getcwd(), "output": type(sys.stdout).__name__}
            os.chdir("/")
            sys.stdout = sys.stderr
        """
    )
    run = rs.run(mine, data=steps, shards=1, progress=False)
    assert run.sql("select distinct folder, output from t").to_pylist() == [{"folder": str(here), "output": "_NoOutput"}]


def test_a_file_that_cannot_be_read_by_a_worker_says_why(steps: Path, here: Path) -> None:
    mine = module(
        """
        import results_service as rs
        @rs.analysis(tables={"t": {"n": int}})
        def mine(frame):
            yield {"n": 1}
        """
    )
    Path("mine.py").write_text("import nosuch_module\n")
    with pytest.raises(rs.Incomplete) as caught:
        rs.run(mine, data=steps, shards=1, progress=False)
    assert caught.value.run is not None
    reasons = caught.value.run.sql("select distinct reason from users")["reason"].to_pylist()
    assert len(reasons) == 1 and reasons[0].startswith("ModuleNotFoundError: No module named 'nosuch_module'")
    # Mended, the same run does all of them.
    module(
        """
        import results_service as rs
        @rs.analysis(tables={"t": {"n": int}})
        def mine(frame):
            yield {"n": 2}
        """
    )
    assert caught.value.run.resume(progress=False).sql("select distinct n from t")["n"].to_pylist() == [2]


def test_a_script_without_a_guard_says_so(steps: Path, here: Path) -> None:
    Path("script.py").write_text(
        textwrap.dedent(
            """
            import results_service as rs
            @rs.analysis(tables={"t": {"n": int}})
            def mine(frame):
                yield {"n": 1}
            rs.run(mine, data="the data", out="run", progress=False)
            """
        )
    )
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True)
    assert done.returncode == 1 and 'if __name__ == "__main__":' in done.stderr


def test_a_module_of_a_package_imports_from_beside_it(steps: Path, here: Path) -> None:
    package = here / "a package" / "mypackage"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "help.py").write_text("def three(): return 3\n")
    (package / "work.py").write_text(
        "import results_service as rs\nfrom .help import three\n"
        "@rs.analysis(tables={'t': {'n': int}})\ndef mine(frame):\n    yield {'n': three()}\n"
    )
    script = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r})\n"
        "import results_service as rs\nfrom mypackage.work import mine\n"
        "print(rs.run(mine, data='the data', progress=False).sql('select sum(n) as n from t').to_pylist())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[{'n': 15}]", done.stderr


CELL = """
    import math
    import xml.etree.ElementTree
    from collections import Counter
    import numpy as np
    import results_service as rs

    LIMIT = 2
    WEIGHTS = np.array([1.0, 2.0])

    def helper(x, scale=LIMIT):
        return math.sqrt(x) * scale * WEIGHTS.sum()

    @rs.analysis(tables={"t": {"key": ["n"], "columns": {"n": int, "v": float}}}, frame="polars")
    def mine(frame: "nothing", unit: rs.Unit):
        # A comment: stays.
        assert xml.etree.ElementTree.fromstring("<a/>").tag == "a"
        for n, times in Counter(frame["sleeping"]).items():
            yield {"n": n, "v": helper(times)}
"""


def test_an_analysis_of_a_notebook_is_kept_and_resumed(steps: Path, here: Path) -> None:
    run = rs.run(cell(CELL), data=steps, out="runs/one", progress=False)
    assert run.sql("select distinct v from t")["v"].to_pylist() == [pytest.approx(3**0.5 * 2 * 3)]
    kept = list(here.glob("runs/.analyses/mine-*/analysis.py"))
    assert len(kept) == 1 and "# A comment: stays." in kept[0].read_text()
    (steps / "u6.csv").write_text("sleeping,steps\n1,1\n")
    again = rs.resume("runs/one", extend=True, progress=False)
    assert again.status().counts["ok"] == 6
    # The same function is the same file, another one another.
    rs.run(cell(CELL), data=steps, out="runs/two", progress=False)
    assert len(list(here.glob("runs/.analyses/*"))) == 1
    rs.run(cell(CELL.replace("LIMIT = 2", "LIMIT = 3")), data=steps, out="runs/three", progress=False)
    assert len(list(here.glob("runs/.analyses/*"))) == 2


@pytest.mark.parametrize(
    ("line", "used", "words"),
    [
        ("class Mine: pass\n    thing = Mine()", "thing", "uses `thing`, a Mine, which cannot be handed"),
        ("thing = open('/dev/null')", "thing", "uses `thing`, a TextIOWrapper"),
        ("pass", "thing", "uses `thing`, which is not defined"),
        ("class thing: pass", "thing", "uses `thing`, a type"),
    ],
)
def test_what_a_notebook_cannot_hand_over_is_said(steps: Path, here: Path, line: str, used: str, words: str) -> None:
    mine = cell(
        f"""
    import results_service as rs
    {line}
    @rs.analysis(tables={{"t": {{"n": int}}}})
    def mine(frame):
        yield {{"n": {used}}}
    """
    )
    with pytest.raises(rs.UsageError, match=words):
        rs.run(mine, data=steps)
    assert not (here / "out").exists()


def test_arguments_that_make_no_sense_are_said(steps: Path, here: Path) -> None:
    mine = cell(CELL)
    with pytest.raises(rs.UsageError, match="there are no data"):
        rs.run(mine)
    with pytest.raises(rs.UsageError, match="has none of"):
        rs.run(mine, data=here)
    (steps / "x.parquet").write_text("")
    with pytest.raises(rs.UsageError, match="which are the users' files"):
        rs.run(mine, data=steps)
    with pytest.raises(rs.UsageError, match="frame='numpy'"):
        rs.analysis(tables={"t": {"n": int}}, frame="numpy")(lambda frame: None)  # type: ignore[arg-type]
    with pytest.raises(rs.UsageError, match="is no type of a column"):
        rs.analysis(tables={"t": {"n": list}})(lambda frame: None)
    with pytest.raises(rs.UsageError, match="cannot be a table"):
        rs.analysis(tables={"a b": {"n": int}})(lambda frame: None)
    with pytest.raises(rs.UsageError, match="is no schema"):
        rs.analysis(tables={"t": "n"})(lambda frame: None)
    (steps / "x.parquet").unlink()
    # What the program refuses, it says.
    with pytest.raises(rs.ResultsError, match="unknown variant `number`"):
        rs.run(cell(CELL.replace('"v": float', '"v": "number"')), data=steps)
