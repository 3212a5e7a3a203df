"""The package itself: one version, names that exist, few dependencies."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import results_service as rs

ROOT = Path(__file__).resolve().parents[3]


def test_program_and_package_have_one_version() -> None:
    told = [re.search(r'^version = "(.+)"$', (ROOT / f).read_text(), re.MULTILINE) for f in ("Cargo.toml", "crates/python/pyproject.toml")]
    assert told[0] and told[1] and told[0][1] == told[1][1]
    said = subprocess.run([rs.program(), "--version"], capture_output=True, text=True, check=True).stdout
    assert said.split()[-1] == told[1][1]


def test_what_the_package_names_is_there() -> None:
    assert sorted(rs.__all__) == rs.__all__ and all(getattr(rs, name).__doc__ for name in rs.__all__)


def test_it_needs_pyarrow_only(here: Path, demo: Path) -> None:
    # Whatever else is installed cannot be imported.
    code = f"""
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "polars", "numpy", "IPython"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nothing())
import results_service as rs
answer = rs.open({str(demo / "merged")!r}).sql("select $x as x", x="7")
print(answer.to_pylist())
for to in (answer.to_pandas, answer.to_polars):
    try: to()
    except ModuleNotFoundError as error: print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout.splitlines() == [
        "[{'x': '7'}]",
        "pandas is not installed",
        "(hint: pip install pandas)",
        "polars is not installed",
        "(hint: pip install polars)",
    ], done.stderr
