"""What DuckDB's readers would give, told by binding their call: the files are sniffed, not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.engine.duckdb_files import refused, scan
from odibi_core.engine.duckdb_options import OWN, read_plan
from odibi_core.engine.duckdb_session import quoted
from odibi_core.engine.source_columns import SourceColumn, by_our_reader
from odibi_core.formats import find_files, find_format
from odibi_core.formats.base import is_small
from odibi_core.formats.looks import MOST_FILES, is_plain_file
from odibi_core.formats.some_texts import ROWS, some_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from odibi_core.engine.source_columns import Columns
    from odibi_core.formats.base import Format
    from odibi_core.formats.sources import File

_CONVERTING = frozenset(
    {"types", "dtypes", "column_types", "timestampformat", "dateformat", "decimal_separator", "thousands"}
)
_JSON_SAMPLE = 2_048
# What the rest of a json file whose start was sniffed may still turn out to be.
_SURE_OF_JSON = frozenset({"BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN"})


def columns_on_duckdb(
    source: str | Path,
    params: Mapping[str, Any],
    resolve: Callable[[str | Path], Path],
    connection: duckdb.DuckDBPyConnection,
) -> Columns | None:
    """Returns the columns; see `source_columns`."""
    import duckdb

    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    plan = read_plan(fmt, options, str(source)) if fmt.name in OWN else None
    if plan is None:
        return by_our_reader("duckdb", source, params, resolve)
    files = find_files(source, fmt, resolve)
    if len(files) > MOST_FILES or not all(is_plain_file(file) for file in files):
        return None
    is_sampled = fmt.name in ("json", "jsonl") and not all(is_small(file, options) for file in files)
    if is_sampled:
        if not all(_has_one_shape(file, fmt) for file in files):
            return None
        params = {**params, "sample_size": _JSON_SAMPLE}
    try:
        sql = scan(source, params, resolve, connection)
        if sql is not None:
            relation = connection.sql(sql)
            columns = list(zip(relation.columns, map(str, relation.types), strict=True))
            texts = _texts(sql, columns, connection)
            if not _CONVERTING.isdisjoint(plan.arguments):
                # Sniffing takes what is said of types on trust; the values show whether it holds.
                some = "" if all(is_small(file, params) for file in files) else f" LIMIT {ROWS}"
                connection.execute(f"SELECT max(hash(t)) FROM (FROM ({sql}){some}) AS t").fetchall()
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise refused(source, error) from error
    if sql is None:
        return by_our_reader("duckdb", source, params, resolve)
    return [
        SourceColumn(name, kind if not is_sampled or kind in _SURE_OF_JSON else None, texts.get(name, ()))
        for name, kind in columns
    ]


def _texts(
    sql: str, columns: list[tuple[str, str]], connection: duckdb.DuckDBPyConnection
) -> dict[str, tuple[str, ...]]:
    """Returns some texts of each column of texts, from the first rows of what a SELECT of ours reads."""
    names = [name for name, kind in columns if kind == "VARCHAR"]
    if not names:
        return {}
    listed = ", ".join(map(quoted, names))
    rows = connection.execute(f"SELECT {listed} FROM ({sql}) LIMIT {ROWS}").fetchall()
    by_column = zip(names, zip(*rows, strict=True), strict=False)
    return {name: some_texts(text for text in cells if text is not None) for name, cells in by_column}


def _has_one_shape(file: File, fmt: Format) -> bool:
    """Whether the first rows of a json file have the same keys, so that the rest will hardly have others."""
    return fmt.look(file, {}) is not None
