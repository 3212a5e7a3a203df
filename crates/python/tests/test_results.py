"""Rows, plots, reports and states of what is there."""

from __future__ import annotations

import datetime
import html
import re
from pathlib import Path

import numpy
import pandas
import polars
import pyarrow as pa
import pytest

import results_service as rs


@pytest.fixture
def merged(demo: Path) -> rs.Results:
    return rs.open(demo / "merged")


def test_rows_are_arrow_pandas_and_polars(merged: rs.Results) -> None:
    answer = merged.sql("select user_id, tau, p_A2S from te order by user_id, tau")
    assert answer.columns == ["user_id", "tau", "p_A2S"]
    assert isinstance(answer.to_arrow(), pa.Table) and len(answer) == 8
    frame = answer.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame["tau"]) == [1, 2] * 4
    other = answer.to_polars()
    assert isinstance(other, polars.DataFrame)
    assert other.rows() == [tuple(row.values()) for row in answer]
    # One of the people has a day only: no p.
    assert frame["p_A2S"].isna().sum() == other["p_A2S"].null_count() == answer["p_A2S"].null_count > 0
    assert polars.DataFrame(answer).equals(other) and pa.table(answer).equals(answer.arrow)
    assert answer.to_reader().read_all().equals(answer.arrow)
    assert "8 rows" in repr(answer) and "<th>p_A2S</th>" in answer._repr_html_()


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (1, 1),
        (0.1, 0.1),
        (True, True),
        ("17", "17"),
        ("it's 'quoted'", "it's 'quoted'"),
        ("two\nlines = ü", "two\nlines = ü"),
        ("", ""),
        (None, None),
        (numpy.int64(3), 3),
        (numpy.float64(0.5), 0.5),
        (datetime.date(2026, 1, 5), "2026-01-05"),
    ],
)
def test_a_parameter_comes_back_as_it_was(merged: rs.Results, value: object, back: object) -> None:
    assert merged.sql("select $a as a", a=value).to_pylist() == [{"a": back}]


def test_what_cannot_be_a_parameter_is_said(merged: rs.Results) -> None:
    with pytest.raises(TypeError, match="parameter a: a list cannot be a value"):
        merged.sql("select $a", a=[1])


def test_batches_come_one_by_one(merged: rs.Results) -> None:
    reader = merged.batches("select x.value from range(100000) x cross join te")
    assert isinstance(reader, pa.RecordBatchReader)
    first = reader.read_next_batch()
    assert 0 < first.num_rows < 800_000
    # Nobody reads on: the query ends.
    del reader
    assert merged.batches("select user_id from te").read_all().num_rows == 8
    with pytest.raises(rs.ResultsError, match="unknown column nosuch"):
        merged.batches("select nosuch from te")


def test_an_error_after_the_first_rows_is_raised(merged: rs.Results) -> None:
    text = "select 1 / (user_id = user_id and x.value < 90000)::int as y from range(100000) x cross join te"
    with pytest.raises(rs.ResultsError, match="(?i)divide"):
        for _ in merged.batches(text):
            pass
    with pytest.raises(rs.ResultsError, match="(?i)divide"):
        merged.sql(text)


def test_tables_by_name(merged: rs.Results, demo: Path) -> None:
    assert len(merged.table("te")) == 8
    assert {"te", "users", "group_tests"} <= set(merged.tables)
    run = rs.open(demo / "run")
    assert "attempt" in run.table("raw.te").columns
    with pytest.raises(rs.ResultsError, match='not found'):
        merged.table('x" union select 1 --')


def test_several_together(demo: Path) -> None:
    both = rs.open(demo / "run", demo / "control")
    counts = both.sql("select count(*) as n from run1.te union all select count(*) from run2.te")
    assert sorted(counts["n"].to_pylist()) == [8, 24]


def test_queries_that_come_with_the_program(merged: rs.Results) -> None:
    assert len(merged.query("significant", alpha=1.0)) >= len(merged.query("significant", alpha=0.01))
    with pytest.raises(rs.ResultsError, match="nosuch"):
        merged.query("nosuch")


def test_errors_have_words_hint_and_code(merged: rs.Results, demo: Path) -> None:
    with pytest.raises(rs.ResultsError) as caught:
        merged.sql("select TE_A2X from te")
    assert caught.value.message == "unknown column TE_A2X"
    assert caught.value.hint == "is it TE_A2S?"
    assert caught.value.exit_code == 1 and caught.value.command[0] == str(rs.program())
    with pytest.raises(rs.UsageError, match="unknown plot `nosuch`") as usage:
        merged.plot("nosuch")
    assert usage.value.exit_code == 2 and "results plot --list" in str(usage.value.hint)
    with pytest.raises(rs.ResultsError, match="is not a run: it has no run.yaml"):
        merged.status()
    with pytest.raises(rs.ResultsError, match="directory .*nowhere not found"):
        rs.open(demo / "nowhere")
    with pytest.raises(rs.UsageError, match="nothing to open"):
        rs.open()


def test_status_is_what_the_program_says(demo: Path) -> None:
    status = rs.open(demo / "run").status()
    assert status.state == "complete" and status.counts["ok"] == 4 and status.missing == 0
    assert repr(status) == "complete: 4 ok of 4 units"
    assert "<td>finished</td>" in status._repr_html_()


def test_a_plot_shows_itself_and_is_saved(merged: rs.Results, here: Path) -> None:
    plot = merged.plot("p_histogram", theme="dark", width=500)
    assert plot._repr_svg_().startswith("<svg") and 'width="500"' in plot.svg
    assert plot.save(here / "a plot.svg").read_text() == plot.svg
    assert plot.save("rows.csv").read_text().count("\n") > 2
    # The rows again, over the file that is there.
    plot.save("rows.csv")


def test_a_plot_of_ones_own(merged: rs.Results, here: Path) -> None:
    Path("my rows.sql").write_text(
        "-- Who has how many rows?\n-- mark: bar\n-- x: n_samples\n-- y: user_id\n-- param least=0: rows\n"
        "select user_id, n_samples from users where n_samples >= $least\n"
    )
    assert "Who has how many rows?" in merged.plot("my rows.sql", least=1).svg
    assert "Who has how many rows?" in merged.plot(Path("my rows.sql")).svg


def test_a_report_is_shut_into_its_frame(merged: rs.Results, here: Path) -> None:
    report = merged.report(title='"></iframe><script>alert(1)</script>', hide_users=True)
    shown = report._repr_html_()
    frame = re.fullmatch(r'<iframe sandbox="allow-downloads" title="report" style="[^"]*" srcdoc="([^"]*)"></iframe>', shown)
    assert frame and html.unescape(frame[1]) == report.html
    # Neither can anything in the page end the attribute, nor does the page have script.
    assert "<" not in frame[1] and "<script" not in report.html
    assert "u001" in report.html
    assert report.save("a report.html").read_text(encoding="utf-8") == report.html
