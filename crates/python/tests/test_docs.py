"""The code of `docs/python.md` runs as it stands there."""

from __future__ import annotations

import linecache
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python.md"

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

BLOCKS = BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert len(BLOCKS) > 5 and {kind for kind, _ in BLOCKS} == {"bash", "python"}


def test_the_python_of_the_page_runs_from_top_to_bottom(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As the cells of a notebook: one name space, no file.
    main = types.ModuleType("__main__")
    for n, (kind, text) in enumerate(BLOCKS):
        if kind == "python":
            name = f"<block {n}>"
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            exec(compile(text, name, "exec"), main.__dict__)
    assert (here / "report.html").stat().st_size > 100_000 and (here / "p.svg").is_file()
    assert len(main.run.sql("select * from users where state = 'failed'")) > 0
    assert "AssertionError: too few rows" in str(main.run.table("users"))


def test_the_commands_of_the_page_run(here: Path) -> None:
    wheel = os.environ.get("WHEEL")
    if wheel is None:
        pytest.skip("WHEEL does not name one")
    shutil.copy(wheel, here)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env.pop("PYTHONPATH", None)
    for kind, text in BLOCKS:
        if kind == "bash":
            subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=env, check=True)
    code = "import results_service as rs; print(rs.program())"
    found = subprocess.run(["env/bin/python", "-c", code], env=env, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(here / "env" / "bin" / "results")
