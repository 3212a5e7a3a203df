"""Analyses of one's own: a function that takes a data frame and yields rows."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from . import _rows, _source
from ._errors import UsageError

Frame = Literal["pandas", "polars", "pyarrow", "path"]
Rows = Iterable[Any] | Mapping[str, Any] | None

#: Names of the program's types.
TYPES = {str: "text", int: "int", float: "float", bool: "bool", datetime.datetime: "timestamp"}

#: Files that are looked for, the first kind that is there.
KINDS = ("*.parquet", "*.csv", "*.csv.gz", "*.csv.zst")

_worker = False


def in_worker() -> bool:
    """Whether this process does units of a run."""
    return _worker


def become_worker() -> None:
    """From here on it does."""
    global _worker
    _worker = True


class Skip(Exception):
    """Raised by an analysis for a unit that cannot be analysed, with the reason: the unit is skipped, not failed."""


@dataclass(frozen=True)
class Unit:
    """What is analysed: a user in a feature mode."""

    #: The user.
    user_id: str
    #: The user's file.
    input: Path
    #: The feature mode.
    feature_mode: str = "default"
    #: The seed of the run.
    seed: int = 42
    #: Says what is being done, for `results status`.
    stage: Callable[[str], None] = field(default=lambda _: None, compare=False)


class Analysis:
    """A function that analyses a user; made by :func:`analysis`, given to :func:`results_service.run`."""

    def __init__(
        self,
        function: Callable[..., Rows],
        *,
        tables: Mapping[str, Any],
        frame: Frame = "pandas",
        files: str | None = None,
        modes: Sequence[str] = ("default",),
        timeout: float | None = None,
    ) -> None:
        if frame not in ("pandas", "polars", "pyarrow", "path"):
            raise UsageError(
                f"frame={frame!r} is none",
                hint="pandas, polars, pyarrow, or path for the file's path",
                exit_code=2,
            )
        self.function = function
        self.frame = frame
        self.files = files
        self.modes = tuple(modes)
        self.timeout = timeout
        self.tables = {name: _schema(name, given, self.modes) for name, given in tables.items()}
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: Any, **named: Any) -> Rows:
        """Calls the function as it is."""
        return self.function(*arguments, **named)

    def on(self, path: str | os.PathLike[str], *, user_id: str | None = None, **unit: Any) -> list[dict[str, Any]]:
        """The rows that the function gives for one file, to try it by hand. They are not checked."""
        path = Path(path)
        this = Unit(path.name.split(".")[0] if user_id is None else user_id, path, **unit)
        return [{"table": table, **row} for table, row in self.rows(this)[0]]

    def rows(self, unit: Unit) -> tuple[Iterator[tuple[str, dict[str, Any]]], int | None]:
        """The rows of a unit with their tables, and how many rows the data frame has."""
        given, n = self._given(unit)
        return _rows.with_tables(given, list(self.tables)), n

    def answers(self, unit: Unit) -> tuple[Iterator[bytes], int | None]:
        """The same as the program reads them."""
        given, n = self._given(unit)
        return _rows.answers(given, list(self.tables)), n

    def _given(self, unit: Unit) -> tuple[Any, int | None]:
        frame, n = _rows.read(unit.input, self.frame)
        return (self.function(frame, unit) if _source.takes_two(self.function) else self.function(frame)), n

    def new_run(self) -> Path:
        """A name for a run directory."""
        return Path("out", f"{self.__name__}_{datetime.datetime.now():%Y%m%d_%H%M%S}")

    @contextmanager
    def definitions(self, data: Path, beside: Path) -> Iterator[tuple[list[str], str]]:
        """A folder with what the program must know, and the argument that names its configuration.

        A function without a file, such as one of a notebook, gets one in a hidden folder in `beside`: the run
        keeps what was run, and a resume finds it.
        """
        where = _source.place(self)
        if where is None:
            text = _source.script(self)
            name = f"{self.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
            file = Path(beside, ".analyses", name, "analysis.py")
            _write(file, text)
            where = _source.Place(str(file), "", "analysis")
        with TemporaryDirectory() as folder:
            for name, schema in self.tables.items():
                _write(Path(folder, "schemas", f"{name}.yaml"), json.dumps(schema, indent=1))
            config = Path(folder, "config.yaml")
            _write(config, json.dumps(self._config(where, data), indent=1))
            yield [f"--config={config}"], folder

    def _config(self, where: _source.Place, data: Path) -> dict[str, Any]:
        # The file is an argument, so a resume sees that it has changed.
        arguments = [where.file, where.name, where.module]
        words = [sys.executable, "-m", "results_service._worker", *(a.replace("{", "{{").replace("}", "}}") for a in arguments)]
        program: dict[str, Any] = {"engine": "command", "command": words, "mode": "worker", "rows": "ndjson", "folder": os.getcwd()}
        if self.timeout is not None:
            program["timeout"] = self.timeout
        return {
            "analysis": program,
            "data": {"files": self.files or _files(data)},
            "feature_modes": list(self.modes),
        }

    def __repr__(self) -> str:
        return f"<analysis {self.__name__}, tables: {', '.join(self.tables)}>"


def analysis(
    *,
    tables: Mapping[str, Any],
    frame: Frame = "pandas",
    files: str | None = None,
    modes: Sequence[str] = ("default",),
    timeout: float | None = None,
) -> Callable[[Callable[..., Rows]], Analysis]:
    """Makes an analysis of a function that takes a user's data frame and yields rows.

    `tables` has a schema for each table (docs/any-program.md), or just its columns with their types: ``{"n": int}``.
    `frame` is what the function takes: `pandas`, `polars`, `pyarrow`, or `path` for the file's path. A second
    parameter of the function gets the :class:`Unit`. `files` says which files of the data folder are the users'.

    Rows are dictionaries; ``(table, row)`` where there are several tables; or data frames with many rows.
    """
    return lambda function: Analysis(
        function, tables=tables, frame=frame, files=files, modes=modes, timeout=timeout
    )


def _schema(name: str, given: Any, modes: Sequence[str]) -> dict[str, Any]:
    """A schema as the program wants it."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"`{name}` cannot be a table", hint="letters, digits and `_`", exit_code=2)
    if not isinstance(given, Mapping):
        raise UsageError(
            f"table {name}: a {type(given).__name__} is no schema",
            hint='{"columns": {"state": str, "n": int}, "key": ["state"]}',
            exit_code=2,
        )
    schema = dict(given) if "columns" in given else {"columns": given}
    key = list(schema.get("key", ()))
    columns = schema["columns"]
    if isinstance(columns, Mapping):
        columns = [_column(name, column, kind, column in key) for column, kind in columns.items()]
    columns = [dict(column) for column in columns]
    if "feature_mode" not in (column["name"] for column in columns):
        mode = {"name": "feature_mode", "type": "text", "nullable": False, "description": "The feature mode."}
        columns.insert(0, mode)
        if key and len(modes) > 1:
            key.insert(0, "feature_mode")
    head = {"table": name, "version": 1, "description": f"Rows of {name}.", "csv": f"per_user_{name}.csv"}
    return {**head, **schema, **({"key": key} if key else {}), "columns": columns}


def _column(table: str, name: str, kind: Any, is_key: bool) -> dict[str, Any]:
    more = dict(kind) if isinstance(kind, Mapping) else {"type": kind}
    kind = more.get("type")
    more["type"] = TYPES.get(kind, kind)
    if not isinstance(more["type"], str):
        raise UsageError(
            f"table {table}, column {name}: {kind!r} is no type of a column",
            hint="str, int, float, bool, datetime.datetime",
            exit_code=2,
        )
    head = {"name": name, "description": name}
    return {**head, **({"nullable": False} if is_key else {}), **more}


def _files(data: Path) -> str:
    """The pattern of the files in a data folder."""
    there = [kind for kind in KINDS if any(data.glob(kind))]
    if len(there) == 1:
        return there[0]
    what = f"has {' and '.join(there)}" if there else f"has none of {', '.join(KINDS)}"
    raise UsageError(
        f"{data} {what}: which are the users' files?",
        hint='@rs.analysis(files="*.csv", …) says so; a folder of other files needs frame="path" too',
        exit_code=2,
    )


def _write(file: Path, text: str) -> None:
    """Writes a file that is there whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
