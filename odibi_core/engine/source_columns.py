"""What a step's source would give on its engine: columns and types, told from the start of its files."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from odibi_core.engine.desk import Desk
    from odibi_core.formats.base import Look
    from odibi_core.formats.looks import ArrowColumns


class SourceColumn(NamedTuple):
    """A column that reading a source would give.

    Attributes:
        name: Its name.
        type: DuckDB's name of the type, which stands for every engine's; None where it is not known.
        texts: Some of what stands in a column of texts, at the start of the source.
    """

    name: str
    type: str | None
    texts: tuple[str, ...] = ()


Columns = list[SourceColumn]


def source_columns(
    engine: str,
    source: str | Path,
    params: Mapping[str, Any],
    resolve: Callable[[str | Path], Path],
    desk: Desk | None = None,
) -> Columns | None:
    """Returns the columns that reading files would give, by the engine's own reader on their start.

    Nothing but the files is opened, nothing is written, and no Java is started.

    Args:
        engine: pandas, duckdb or spark.
        source: A path, pattern or directory.
        params: `format`, and the reader's options.
        resolve: Makes a path absolute.
        desk: What looks at many sources share.

    Returns:
        The columns; None where they cannot be told: a URL, too many files, more to read than a look reads.

    Raises:
        FileNotFoundError: Nothing is there.
        FormatError: The format is not known or a file is not in it.
        StepOptionError: The reader does not take an option.
        EngineError: The files do not fit below each other.
        MissingDependencyError: The format needs a package that is not installed.
    """
    from odibi_core.formats.sources import is_url

    if is_url(source):
        return None
    if engine == "duckdb":
        from odibi_core.engine.desk import Desk
        from odibi_core.engine.duckdb_look import columns_on_duckdb

        with contextlib.ExitStack() as stack:
            open_desk = desk if desk is not None else stack.enter_context(Desk())
            found = columns_on_duckdb(source, params, resolve, open_desk.connection())
    elif engine == "spark":
        from odibi_core.engine.spark_look import columns_on_spark

        found = columns_on_spark(source, params, resolve)
    else:
        found = by_our_reader("pandas", source, params, resolve)
    return found or None  # an empty array has no columns yet


def by_our_reader(
    engine: str, source: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path]
) -> Columns | None:
    """Returns the columns where our own reader reads for the engine."""
    from odibi_core.formats.looks import look_at_source

    look = look_at_source(source, params, resolve)
    return None if look is None else columns_of_look(engine, look)


def columns_of_look(engine: str, look: Look) -> Columns:
    """Returns the columns of what one of our own readers gives, as an engine sees them."""
    from odibi_core.formats.looks import columns_of
    from odibi_core.formats.some_texts import texts_of

    columns = columns_of(look, by_pandas=engine == "pandas")
    found = natives(in_spark(columns) if engine == "spark" else columns)
    texts = texts_of(look)
    return [
        column._replace(texts=texts.get(column.name, ())) if column.type == "VARCHAR" else column
        for column in found
    ]


def in_spark(columns: ArrowColumns) -> ArrowColumns:
    """Returns columns with the types that Spark has in place of those it lacks."""
    import pyarrow as pa

    from odibi_core.engine.spark_types import for_spark

    known = [(str(at), dtype) for at, (_, dtype) in enumerate(columns) if dtype is not None]
    there = for_spark(pa.schema(known).empty_table()).schema
    return [
        (name, None if dtype is None else there.field(str(at)).type)
        for at, (name, dtype) in enumerate(columns)
    ]


def natives(columns: ArrowColumns) -> Columns:
    """Returns columns with DuckDB's names for their Arrow types."""
    from odibi_core.engine.duckdb_types import native_name

    return [SourceColumn(name, None if dtype is None else native_name(dtype)) for name, dtype in columns]
