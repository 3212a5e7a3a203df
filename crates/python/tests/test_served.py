"""The same of a service, which shows a demo."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import results_service as rs


@pytest.fixture(scope="module")
def service(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and token of a service."""
    state = tmp_path_factory.mktemp("its state")
    line = [str(rs.program()), "serve", str(demo), "--listen=127.0.0.1:0", f"--state={state}", "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        yield said["web"], (state / "token").read_text().strip()
        process.terminate()


@pytest.fixture
def merged(service: tuple[str, str]) -> rs.Results:
    return rs.open(f"{service[0]}/run/merged", token=service[1])


def test_answers_are_those_of_the_directory(merged: rs.Results, demo: Path) -> None:
    there = rs.open(demo / "merged")
    text = "select user_id, tau, p_A2S from te where tau = $tau and user_id <> $user order by user_id"
    params = {"tau": 1, "user": "17"}
    assert merged.sql(text, **params).arrow.equals(there.sql(text, **params).arrow)
    assert len(merged.table("te")) == 8 and "te" in merged.tables
    reader = merged.batches("select x.value from range(100000) x cross join te")
    assert isinstance(reader, pa.RecordBatchReader) and reader.read_next_batch().num_rows > 0
    assert "<svg" in merged.plot("p_histogram", theme="dark", width=500).svg
    assert "u001" in merged.report(hide_users=True, title="Mine").html


def test_a_run_has_a_status(service: tuple[str, str], demo: Path, here: Path) -> None:
    run = rs.open(f"{service[0]}/run/run", token=service[1])
    assert run.status().counts["ok"] == 4 and run.status().state == "complete"
    run.plot("p_histogram").save("rows.csv")
    rs.open(demo / "run").plot("p_histogram").save("same.csv")
    assert Path("rows.csv").read_text() == Path("same.csv").read_text() != ""


def test_errors_have_the_words_of_the_service(
    merged: rs.Results, service: tuple[str, str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    with pytest.raises(rs.ResultsError) as caught:
        merged.sql("select TE_A2X from te")
    assert caught.value.message == "unknown column TE_A2X" and caught.value.hint == "is it TE_A2S?"
    with pytest.raises(rs.ResultsError, match="nosuch"):
        merged.plot("nosuch")
    with pytest.raises(rs.UsageError, match="only asked"):
        merged.merge("x")
    with pytest.raises(rs.UsageError, match=f"there are .*{service[0]}/run/merged"):
        rs.open(service[0], token=service[1])
    with pytest.raises(rs.ResultsError, match="nosuch"):
        rs.open(f"{service[0]}/run/nosuch", token=service[1])
    # Neither in the environment nor in the folder of state.
    monkeypatch.delenv("RESULTS_TOKEN", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(here))
    with pytest.raises(rs.ResultsError, match="RESULTS_TOKEN"):
        rs.open(f"{service[0]}/run/merged")
    monkeypatch.setenv("RESULTS_TOKEN", service[1])
    assert len(rs.open(f"{service[0]}/run/merged").table("users")) == 4
    with pytest.raises(rs.ResultsError, match="does not answer"):
        rs.open("http://127.0.0.1:1/run/x")


def test_an_answer_that_ends_with_an_error_is_no_answer(merged: rs.Results) -> None:
    text = "select 1 / (user_id = user_id and x.value < 90000)::int as y from range(100000) x cross join te"
    with pytest.raises(rs.ResultsError):
        merged.sql(text)
