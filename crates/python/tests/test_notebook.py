"""In a notebook: a real kernel runs the cells."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")


class Kernel:
    """A kernel and what its cells show."""

    def __init__(self) -> None:
        self.manager, self.client = jupyter_client.manager.start_new_kernel(kernel_name="python3")

    def start(self, code: str) -> str:
        """Starts a cell."""
        return str(self.client.execute(code))

    def shown(self, cell: str, until: str = "", timeout: float = 120) -> list[dict[str, Any]]:
        """What a cell shows until its end, or until a text stands in it."""
        shown: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return shown
            shown.append({"type": message["msg_type"], **message["content"]})
            if until and until in str(message["content"]):
                return shown

    def run(self, code: str) -> list[dict[str, Any]]:
        """Runs a cell, which must not fail."""
        shown = self.shown(self.start(code))
        assert not [part for part in shown if part["type"] == "error"], shown
        return shown

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(here: Path) -> Any:
    kernel = Kernel()
    yield kernel
    kernel.close()


def result(shown: list[dict[str, Any]]) -> dict[str, str]:
    data: dict[str, str] = next(part for part in shown if part["type"] == "execute_result")["data"]
    return data


def test_a_bar_and_answers_show_themselves(kernel: Kernel, demo: Path) -> None:
    shown = kernel.run(f"import results_service as rs; run = rs.run('smoke', data={str(demo / 'data')!r}, shards=2)")
    bars = [p for p in shown if p["type"] in ("display_data", "update_display_data")]
    assert bars[0]["type"] == "display_data" and {p["type"] for p in bars[1:]} == {"update_display_data"}
    assert '<progress value="2" max="2"></progress> 2 of 2 units' in bars[-1]["data"]["text/html"]
    assert result(kernel.run("run.plot('p_histogram')"))["image/svg+xml"].startswith("<svg")
    assert result(kernel.run("run.report()"))["text/html"].startswith('<iframe sandbox="allow-downloads"')
    assert "<th>user_id</th>" in result(kernel.run("run.table('te')"))["text/html"]
    assert "complete: 2 ok of 2 units" in result(kernel.run("run.status()"))["text/html"]


def test_a_cell_that_is_interrupted_leaves_a_run_that_resumes(kernel: Kernel, demo: Path, here: Path) -> None:
    kernel.run("import results_service as rs")
    cell = kernel.start(f"rs.run({{'surrogates': 20000}}, data={str(demo / 'data')!r}, out='the run', shards=2)")
    kernel.shown(cell, until="<progress")
    while not any(here.glob("the run/_status/shard-*.json")):
        time.sleep(0.02)
    kernel.manager.interrupt_kernel()
    error = next(part for part in kernel.shown(cell) if part["type"] == "error")
    assert error["ename"] == "Interrupted" and "rs.resume(" in error["evalue"]
    shown = kernel.run("print(rs.open('the run').status()); run = rs.resume('the run', progress=False); run.status()")
    assert "complete: 4 ok" not in str(shown[1]) and result(shown)["text/plain"] == "complete: 4 ok of 4 units"


def test_an_analysis_of_a_cell(kernel: Kernel, steps: Path) -> None:
    kernel.run("import results_service as rs\nfrom statistics import fmean\nDIGITS = 3")
    kernel.run("def rounded(x):\n    return round(fmean(x), DIGITS)")
    kernel.run(
        "@rs.analysis(tables={'means': {'mean': float}})\n"
        "def mine(frame):\n"
        "    if frame['steps'].max() > 50:\n        1 / 0\n"
        "    yield {'mean': rounded(frame['steps'])}"
    )
    shown = kernel.run("run = rs.run(mine, data='the data', progress=False, allow_incomplete=True); run.table('means').to_pandas()")
    assert "12.5" in result(shown)["text/plain"] and "42.5" in result(shown)["text/plain"]
    reason = result(kernel.run("print(run.sql(\"select reason from users where state = 'failed'\")['reason'][0]); 0"))
    assert reason["text/plain"] == "0"
    told = kernel.run("run.sql(\"select reason from users where state = 'failed'\")['reason'][0].as_py()")
    assert "ZeroDivisionError: division by zero" in result(told)["text/plain"]
