"""Runs and merged outputs: what is in them, as rows, pictures and pages."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import _answer, _program
from ._answer import Answer, escape
from ._errors import ResultsError, UsageError

if TYPE_CHECKING:
    from ._run import Shards

PathLike = str | os.PathLike[str]


class Results:
    """A run, a merged output, or several of them together."""

    #: The directories.
    directories: tuple[Path, ...]

    def __init__(self, directories: Sequence[PathLike], definitions: PathLike | None = None) -> None:
        self.directories = tuple(Path(os.path.abspath(d)) for d in directories)
        self._definitions = [] if definitions is None else [f"--definitions={os.path.abspath(definitions)}"]

    @property
    def directory(self) -> Path:
        """The directory, the first if there are several."""
        return self.directories[0]

    def sql(self, text: str, **params: object) -> Answer:
        """The rows of a query; `$name` in it has the value of the argument `name`."""
        return Answer(_answer.read(self._query(params), text))

    def batches(self, text: str, **params: object) -> pa.RecordBatchReader:
        """The same, batch by batch as they come: for more rows than fit into memory."""
        return _answer.batches(self._query(params), text)

    def query(self, name: str, **params: object) -> Answer:
        """The rows of a query that comes with the program; `results sql --list` names them."""
        line = self._command("sql", *self._runs(), "--format=arrow", f"--query={name}")
        return Answer(_answer.read([*line, *_answer.parameters(params)], ""))

    def table(self, name: str) -> Answer:
        """All rows of a table, such as ``te``, or ``raw.te`` for those of every attempt."""
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
        return self.sql(f"select * from {quoted}")

    @property
    def tables(self) -> list[str]:
        """The names of the tables that there are rows of, or that are planned."""
        return sorted(set(self.sql("show tables")["table_name"].to_pylist()))

    def status(self) -> Status:
        """How far a run is."""
        told = json.loads(_program.output(self._command("status", "--json", str(self.directory))))
        return Status(told[0])

    def plot(
        self, name: PathLike, *, theme: str = "light", width: int | None = None, **params: object
    ) -> Plot:
        """A plot by its name, or of a file of SQL; `results plot --list` names them."""
        options = [f"--theme={theme}"] + ([] if width is None else [f"--width={width}"])
        line = self._command("plot", *self._runs(), *options, *_answer.parameters(params))

        def save(path: Path) -> None:
            _program.output([*line, f"--output={path}", "--force", "--", os.fspath(name)])

        return Plot(_program.output([*line, "--", os.fspath(name)]).decode(), os.fspath(name), save)

    def report(
        self,
        *,
        title: str | None = None,
        user: str | None = None,
        hide_users: bool = False,
        alpha: float | None = None,
        plots: Sequence[PathLike] = (),
    ) -> Report:
        """The report: what was run, how complete it is, and what was found."""
        options = [f"--plot={os.fspath(plot)}" for plot in plots]
        for option, value in {"title": title, "user": user, "alpha": alpha}.items():
            if value is not None:
                options.append(f"--{option}={value}")
        if hide_users:
            options.append("--hide-users")
        with TemporaryDirectory() as folder:
            file = Path(folder, "report.html")
            line = self._command("report", *options, f"--output={file}", "--", *map(str, self.directories))
            _program.output(line)
            return Report(file.read_text(encoding="utf-8"))

    def merge(
        self,
        output: PathLike,
        *,
        allow_partial: bool = False,
        accept_skipped: int | Sequence[str] | None = None,
        control: PathLike | None = None,
    ) -> Results:
        """Merges the runs into one checked output and opens it.

        Without `allow_partial` nothing is written unless every unit is there: :class:`Incomplete` says what is missing.
        """
        options = ["--allow-partial"] if allow_partial else []
        if accept_skipped is not None:
            # A comma behind the last makes a list of one user whose id is a number.
            users = isinstance(accept_skipped, Sequence) and not isinstance(accept_skipped, str)
            told = "".join(f"{u}," for u in accept_skipped) if users else accept_skipped  # type: ignore[union-attr]
            options.append(f"--accept-skipped={told}")
        if control is not None:
            options.append(f"--control={os.fspath(control)}")
        shards = [f"--shards={directory}" for directory in self.directories]
        _program.output(self._command("merge", *shards, f"--output={os.fspath(output)}", *options))
        merged = Results([output])
        merged._definitions = self._definitions
        return merged

    def resume(self, *, shards: Shards = "auto", progress: bool = True, **options: Any) -> Results:
        """Does what is missing or failed in a run; as :func:`results_service.resume`."""
        from ._run import resume

        return resume(self.directory, shards=shards, progress=progress, **options)

    def _command(self, name: str, *arguments: str) -> list[str]:
        return _program.command(*self._definitions, name, *arguments)

    def _runs(self) -> list[str]:
        return [f"--run={directory}" for directory in self.directories]

    def _query(self, params: Mapping[str, object]) -> list[str]:
        # The text goes through standard input: it may be long, and may begin with a dash.
        return self._command(
            "sql", *self._runs(), "--format=arrow", "--file=-", *_answer.parameters(params)
        )

    def __repr__(self) -> str:
        return f"rs.open({', '.join(repr(str(d)) for d in self.directories)})"


class Status(dict[str, Any]):
    """How far a run is, as `results status --json` says it."""

    @property
    def state(self) -> str:
        """`complete`, `running`, `interrupted`, …"""
        return str(self["state"])

    @property
    def counts(self) -> dict[str, int]:
        """Units: `total`, `ok`, `skipped`, `failed`, `running`."""
        return dict(self["counts"])

    @property
    def missing(self) -> int:
        """How many units are not there yet."""
        return int(self["missing"])

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {what}" for what, n in self.counts.items() if n and what != "total")
        return f"{self.state}: {counts or 'nothing'} of {self.counts['total']} units"

    def _repr_html_(self) -> str:
        shards = "".join(
            f"<tr><td>{s['shard']}</td><td>{escape(s['state'])}</td>"
            f"<td>{s['counts']['ok'] + s['counts']['skipped'] + s['counts']['failed']}</td>"
            f"<td>{s['counts']['total']}</td><td>{s['counts']['failed']}</td></tr>"
            for s in self["shards"]
        )
        head = "".join(f"<th>{name}</th>" for name in ("shard", "state", "done", "of", "failed"))
        return f"<p>{escape(repr(self))}</p><table><thead><tr>{head}</tr></thead><tbody>{shards}</tbody></table>"


class Plot:
    """A picture; a notebook shows it."""

    #: The picture as SVG.
    svg: str

    def __init__(self, svg: str, name: str, save: Callable[[Path], None]) -> None:
        self.svg = svg
        self._name = name
        self._save = save

    def save(self, path: PathLike) -> Path:
        """Writes it: `x.svg`, `x.png` where the program can, or `x.csv` for the rows that are drawn."""
        path = Path(path)
        if path.suffix == ".svg":
            path.write_text(self.svg, encoding="utf-8")
        else:
            self._save(path)
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<plot {self._name}, {len(self.svg)} characters of SVG>"


class Report:
    """A report; a notebook shows it in a frame that can run and reach nothing."""

    #: The page.
    html: str

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: PathLike) -> Path:
        """Writes the page."""
        path = Path(path)
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        # The sandbox takes scripts, forms and the notebook's own address from the page; its tables can be saved.
        style = "width:100%;height:720px;border:1px solid #8884"
        return (
            f'<iframe sandbox="allow-downloads" title="report" style="{style}" srcdoc="{escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<report, {len(self.html)} characters of HTML>"


def open(  # noqa: A001
    *directories: PathLike, definitions: PathLike | None = None, token: str | None = None
) -> Results:
    """Opens run directories and merged outputs; several are asked together.

    `definitions` is a folder of queries, plots and schemas of your own. The address of a run on the page of a service
    (``http://127.0.0.1:8787/run/NAME``) is opened with `token`, else the variable `RESULTS_TOKEN`, else, on this machine,
    the token that the service keeps for scripts.
    """
    if not directories:
        raise UsageError("nothing to open", hint="name a run directory or an output of merge", exit_code=2)
    names = [os.fspath(directory) for directory in directories]
    addresses = [name for name in names if re.match(r"[a-z][a-z0-9+.-]+://", name)]
    if addresses:
        from ._served import Served

        if len(names) > 1 or definitions is not None:
            raise UsageError(
                "an address is opened by itself",
                hint="definitions of your own are given to `results serve`",
                exit_code=2,
            )
        return Served(addresses[0], token)
    for name in names:
        if not os.path.isdir(name):
            raise ResultsError(
                f"directory {name} not found", hint="name a run directory or an output of merge"
            )
    return Results(directories, definitions)
