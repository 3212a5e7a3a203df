"""A user's file as a data frame, and what a function yields as rows of the program."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa


def read(path: Path, kind: str) -> tuple[Any, int | None]:
    """The file as it is asked for, and its number of rows where it was read."""
    if kind == "path":
        return path, None
    table = _table(path)
    if kind == "pandas":
        return table.to_pandas(), table.num_rows
    if kind == "polars":
        import polars

        return polars.DataFrame(table), table.num_rows
    return table, table.num_rows


def _table(path: Path) -> pa.Table:
    if path.suffix in (".parquet", ".pq"):
        import pyarrow.parquet

        # Not as a data set, which would make columns of the folders' names.
        with pyarrow.parquet.ParquetFile(path) as file:
            return file.read()
    import pyarrow.csv

    with pa.input_stream(str(path), compression="detect") as stream:
        return pyarrow.csv.read_csv(stream)


def with_tables(given: Any, tables: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows with the table of each, however they were given."""
    for table, item in _items(given):
        yield from _with_table(table, item, tables)


def answers(given: Any, tables: list[str]) -> Iterator[bytes]:
    """The same as the program reads them: data frames as Arrow where that has their columns, all else as lines."""
    for table, item in _items(given):
        block = _block(table, item, tables)
        if block is not None:
            yield block
            continue
        for of_row, row in _with_table(table, item, tables):
            yield line(of_row, row)


def _items(given: Any) -> Iterator[tuple[str | None, Any]]:
    """What an analysis gave, one by one, with the table that stands beside it."""
    if given is None:
        return
    if isinstance(given, (Mapping, tuple)) or _is_frame(given):
        given = [given]
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
        raise TypeError(f"the analysis returned a {type(given).__name__}; it must yield rows")
    for item in given:
        table = None
        if isinstance(item, tuple):
            if len(item) != 2 or not isinstance(item[0], str):
                raise TypeError("a tuple among the rows must be (table, row)")
            table, item = item
        yield table, item


def _with_table(table: str | None, item: Any, tables: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in _each(item):
        of_row = table
        if of_row is None and isinstance(row.get("table"), str):
            of_row = row.pop("table")
        if of_row is None:
            if len(tables) != 1:
                raise TypeError(f"a row does not say its table; yield (table, row), of {', '.join(tables)}")
            of_row = tables[0]
        yield of_row, row


def _block(table: str | None, item: Any, tables: list[str]) -> bytes | None:
    """A data frame of one table as a line that tells how many bytes of Arrow follow, and those; None if it goes as lines."""
    if table is None and len(tables) == 1:
        table = tables[0]
    frame = _as_arrow(item) if table is not None else None
    if frame is None or "table" in frame.column_names or len(set(frame.column_names)) != frame.num_columns:
        return None
    columns = []
    for name, column in zip(frame.column_names, frame.columns):
        column = _plain(table, name, column)
        if column is None:
            return None
        columns.append(column)
    plain = pa.table(columns, frame.column_names).replace_schema_metadata({"table": table})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain.schema) as stream:
        stream.write_table(plain)
    data: bytes = sink.getvalue().to_pybytes()
    return b'{"arrow": %d}\n' % len(data) + data


def _as_arrow(item: Any) -> pa.Table | None:
    """A data frame as Arrow; None for other things, and for columns that Arrow does not have."""
    if isinstance(item, pa.Table):
        return item
    if isinstance(item, pa.RecordBatch):
        return pa.Table.from_batches([item])
    if not _is_frame(item) and not hasattr(item, "to_dicts"):
        return None
    try:
        table: pa.Table = item.to_arrow() if hasattr(item, "to_arrow") else pa.Table.from_pandas(item, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return table


def _plain(table: str | None, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """A column that the program takes, without NaN; None if its values go as lines, which say what is wrong with them."""
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        if pc.any(pc.is_inf(column)).as_py():
            return None
        # A missing number of pandas and numpy is NaN.
        return pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_time = pa.types.is_timestamp(kind) and kind.tz is not None
    return column if is_text or is_time or pa.types.is_integer(kind) or pa.types.is_boolean(kind) else None


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and (hasattr(value, "to_dict") or hasattr(value, "to_pylist"))


def _each(item: Any) -> Iterable[dict[str, Any]]:
    """The rows of what was yielded: a mapping, or a data frame of any kind."""
    if isinstance(item, Mapping):
        return [dict(item)]
    if isinstance(item, (pa.Table, pa.RecordBatch)):
        rows: list[dict[str, Any]] = item.to_pylist()
        return rows
    if hasattr(item, "to_dicts"):
        return list(item.to_dicts())  # polars
    if _is_frame(item):
        return list(item.to_dict("records"))  # pandas
    raise TypeError(f"a {type(item).__name__} is no row; yield dictionaries or data frames")


def line(table: str, row: Mapping[str, Any]) -> bytes:
    """A row as the program reads it."""
    values = {str(name): _value(table, str(name), value) for name, value in row.items()}
    return json.dumps({"table": table, **values}, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _value(table: str, name: str, value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        # A missing number of pandas is NaN.
        if math.isinf(value):
            raise ValueError(f"table {table}, column {name}: {value} (hint: a value that is missing is None or NaN)")
        return None if math.isnan(value) else float(value)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "isoformat") and hasattr(value, "utcoffset"):
        if value.utcoffset() is None:
            raise ValueError(
                f"table {table}, column {name}: {value} has no time zone (hint: value.replace(tzinfo=timezone.utc))"
            )
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return _value(table, name, value.item())  # A number of numpy.
    raise TypeError(f"table {table}, column {name}: a {type(value).__name__} cannot be a value of a row")
