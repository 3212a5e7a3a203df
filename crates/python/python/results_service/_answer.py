"""Rows that a query gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from . import _program

if TYPE_CHECKING:
    import pandas
    import polars

#: As many rows a notebook shows.
SHOWN = 20


class Answer:
    """Rows as a :class:`pyarrow.Table`.

    What reads Arrow (``polars.DataFrame(answer)``, ``duckdb``, ``pyarrow.table(answer)``) takes it as it is.
    """

    #: The rows.
    arrow: pa.Table

    def __init__(self, arrow: pa.Table) -> None:
        self.arrow = arrow

    def to_arrow(self) -> pa.Table:
        """The rows as a pyarrow table."""
        return self.arrow

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows as a reader of record batches."""
        return self.arrow.to_reader()

    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """The rows as a pandas data frame; the options are those of :meth:`pyarrow.Table.to_pandas`."""
        _needs("pandas")
        frame: pandas.DataFrame = self.arrow.to_pandas(**options)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars data frame."""
        frame: polars.DataFrame = _needs("polars").DataFrame(self.arrow)
        return frame

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        rows: list[dict[str, Any]] = self.arrow.to_pylist()
        return rows

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.arrow.column_names)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.arrow.__arrow_c_stream__(requested_schema)

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self.arrow[column]

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self.arrow.to_batches():
            yield from batch.to_pylist()

    def __repr__(self) -> str:
        head = [list(map(str, row.values())) for row in self.arrow.slice(0, SHOWN).to_pylist()]
        widths = [max(map(len, cells)) for cells in zip(self.columns, *head)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in [self.columns, *head]]
        return "\n".join([*lines, self._size()])

    def _repr_html_(self) -> str:
        head = self.arrow.slice(0, SHOWN).to_pylist()
        names = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(_cell(v))}</td>" for v in row.values()) + "</tr>" for row in head
        )
        table = f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"
        return f'<div style="overflow-x:auto">{table}</div><p>{escape(self._size())}</p>'

    def _size(self) -> str:
        rows = f"{len(self)} {'row' if len(self) == 1 else 'rows'}"
        return f"{rows}, the first {SHOWN} shown" if len(self) > SHOWN else rows


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def escape(text: str) -> str:
    """A text within HTML, attributes included."""
    from html import escape as escaped

    return escaped(text, quote=True)


def _needs(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{name} is not installed\n(hint: pip install {name})", name=name) from error


def parameter(name: str, value: object) -> str:
    """A value as the program reads it behind `--param`."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()  # A number of numpy.
    if value is None:
        text = "null"
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, (int, float)):
        text = repr(value)
    elif isinstance(value, str):
        text = f"'{value}'"  # Within quotes it is a text also if it looks like a number.
    elif hasattr(value, "isoformat"):
        text = f"'{value.isoformat()}'"
    else:
        raise TypeError(
            f"parameter {name}: a {type(value).__name__} cannot be a value of a query\n"
            "(hint: numbers, texts, truth values, dates and None can)"
        )
    return f"{name}={text}"


def pairs(values: Mapping[str, object]) -> list[str]:
    """Values as people write them: `name=value`."""
    return [parameter(name, value) for name, value in values.items()]


def parameters(values: Mapping[str, object]) -> list[str]:
    """The arguments that give values to a query."""
    return [f"--param={pair}" for pair in pairs(values)]


def read(line: list[str], text: str) -> pa.Table:
    """The rows that the program answers a query with."""
    with _program.reading(line, text) as stream, pa.ipc.open_stream(stream) as reader:
        return reader.read_all()


def batches(line: list[str], text: str) -> pa.RecordBatchReader:
    """The same, batch by batch; the query ends when nobody reads on."""
    return from_stream(lambda: _program.reading(line, text))


def from_stream(start: Callable[[], AbstractContextManager[IO[bytes]]]) -> pa.RecordBatchReader:
    """The batches of a stream that is read as they are asked for."""

    def rows() -> Iterator[pa.Schema | pa.RecordBatch]:
        with start() as stream, pa.ipc.open_stream(stream) as reader:
            yield reader.schema
            yield from reader

    # The schema is what is said first, or why there is none.
    parts = rows()
    schema = next(parts)
    return pa.RecordBatchReader.from_batches(schema, parts)
