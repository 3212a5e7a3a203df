"""Runs: started, followed, interrupted, resumed, merged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

import results_service as rs

SLOW = {"surrogates": 20000}


def test_a_preset_is_run_and_merged(demo: Path, here: Path) -> None:
    events: list[Any] = []
    run = rs.run("smoke", data=demo / "data", out="my runs/one", shards=2, progress=events.append)
    assert run.directory == here / "my runs" / "one"
    assert run.status().state == "complete"
    assert events[0]["event"] == "run_started" and events[-1]["event"] == "run_finished"
    merged = run.merge("merged here")
    assert len(merged.table("users")) == 2 and merged.directory == here / "merged here"
    with pytest.raises(rs.ResultsError, match="merged here"):
        run.merge("merged here")


def test_configurations_may_be_files_and_mappings(demo: Path, here: Path) -> None:
    Path("my config.yaml").write_text("n_users: 1\nsurrogates: 20\n")
    one = rs.run("my config.yaml", data=demo / "data", out="one", progress=False)
    assert one.status().counts["ok"] == 1
    two = rs.run({"n_users": 2, "surrogates": 20}, data=demo / "data", progress=False, shards=None)
    assert two.status().counts["ok"] == 2 and two.directory.parent == here / "out"
    with pytest.raises(rs.UsageError, match="surrogate"):
        rs.run({"surrogate": 20}, data=demo / "data")


def test_failed_units_are_told_and_the_others_kept(demo: Path, here: Path) -> None:
    data = here / "data"
    data.mkdir()
    for file in (demo / "data").iterdir():
        (data / file.name).write_bytes(file.read_bytes())
    (data / "bad.features_labels.csv").write_text("x,y\n1,2\n")
    with pytest.raises(rs.Incomplete, match="1 unit failed") as caught:
        rs.run({"surrogates": 20}, data=data, out="run", progress=False)
    assert caught.value.exit_code == 3 and "no column `timestamp`" in str(caught.value)
    run = caught.value.run
    assert run is not None and run.status().counts["ok"] == 4
    with pytest.raises(rs.Incomplete):
        run.merge("merged")
    assert rs.resume("run", progress=False, allow_incomplete=True).status().counts["failed"] == 1
    # Mended, the run can be brought to its end.
    good = next((demo / "data").iterdir()).read_bytes()
    (data / "bad.features_labels.csv").write_bytes(good)
    assert run.resume(progress=False).status().state == "complete"


SCRIPT = """
    import sys, results_service as rs
    try:
        rs.run({"surrogates": 20000}, data=sys.argv[1], out="the run", shards=2)
    except KeyboardInterrupt as error:
        assert isinstance(error, rs.Interrupted), error
        print(error, error.run.status(), sep="\\n")
        sys.exit(7)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    Path("script.py").write_text(textwrap.dedent(script))
    line = [sys.executable, "script.py", *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_unit(process: subprocess.Popen[str], run: Path) -> None:
    until = time.monotonic() + 60
    while not any(run.glob("_status/shard-*.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def workers(run: Path) -> list[str]:
    """Processes that have the run in their command line."""
    told = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in told.splitlines() if str(run) in line]


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_run_is_resumed(demo: Path, here: Path, times: int) -> None:
    process = start(SCRIPT, demo / "data")
    wait_for_unit(process, here / "the run")
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 7, err
    assert "interrupted; what was committed stays" in out and "rs.resume(" in out
    assert workers(here / "the run") == []
    before = rs.open("the run").status()
    assert before.counts["ok"] < 4, "it was over before the interrupt"
    run = rs.resume("the run", progress=False)
    assert run.status().state == "complete" and run.status().counts["ok"] == 4


def test_an_error_of_whoever_follows_ends_the_run(demo: Path, here: Path) -> None:
    def follow(event: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rs.run(SLOW, data=demo / "data", out="run", progress=follow)
    assert workers(here / "run") == []


def test_a_terminal_has_a_bar_and_a_log_has_lines(demo: Path, here: Path) -> None:
    script = "import sys, results_service as rs\nrs.run('smoke', data=sys.argv[1], out=sys.argv[2])\n"
    log = start(script, demo / "data", "a").communicate(timeout=60)[1]
    assert "2 of 2 units" in log and "\r" not in log
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    line = [sys.executable, "script.py", str(demo / "data"), "b"]
    with subprocess.Popen(line, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1000)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    assert "\r\x1b[K████████████████████████████ 2 of 2 units".encode() in shown


def test_the_program_is_found_or_said_to_be_missing(here: Path) -> None:
    script = "import results_service as rs\ntry: print(rs.program())\nexcept rs.ResultsError as e: print(e)"
    found = rs.program()

    def ask(**env: str) -> str:
        # Without the packages' folder of programs: only what is in the environment.
        code = f"import sysconfig; sysconfig.get_path = lambda *a, **k: '/nowhere'\n{script}"
        path = os.pathsep.join(sys.path)
        line = [sys.executable, "-c", code]
        return subprocess.run(line, env={"PYTHONPATH": path, "PATH": "/nowhere", **env}, capture_output=True, text=True).stdout.strip()

    assert ask(RESULTS=str(found)) == str(found)
    assert "the program `results` was not found" in ask() and "set RESULTS" in ask()
    assert "RESULTS=/nowhere/results is not a program" in ask(RESULTS="/nowhere/results")
    folder = here / "programs"
    folder.mkdir()
    (folder / "results").symlink_to(found)
    assert ask(PATH=str(folder)) == str(folder / "results")
