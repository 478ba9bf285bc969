"""A first pipeline for data files: read each, select its columns, store the result; to be edited then."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ConfigError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.checks.schemas import Schema

_WORD = re.compile(r"[^0-9A-Za-z_]+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def draft(data: Sequence[Path], target: Path, *, engine: str = "duckdb") -> str:
    """Returns the text of a pipeline over data files.

    Each file is read by a step, its columns are selected by a SQL step, one a line, and a step stores the
    result as Parquet under `out`. The columns are those the check works out from the start of the file.

    Args:
        data: The files.
        target: Where the config will be; paths in it are relative to its directory.
        engine: The engine of the steps.

    Raises:
        ConfigError: There is no such file, or no format has its suffix.
    """
    if not data:
        raise ConfigError("no data file is named", help="such as `odibi-core init orders.csv`")
    names = _names(data)
    reads = [_read(path, name, target, engine) for path, name in zip(data, names, strict=True)]
    schemas = _schemas(reads, target)
    steps: list[dict[str, Any]] = []
    for read, name in zip(reads, names, strict=True):
        select = {
            "layer": "transform", "name": f"select_{name}", "type": "sql", "engine": engine,
            "value": _select(name, schemas.get(name), engine), "inputs": {name: name},
            "outputs": {"data": f"{name}_selected"},
        }  # fmt: skip
        store = {
            "layer": "store", "name": f"store_{name}", "type": "config_op", "engine": engine,
            "value": f"out/{name}.parquet", "inputs": {"data": f"{name}_selected"},
        }  # fmt: skip
        steps += [read, select, store]
    return json.dumps(steps, indent=2, ensure_ascii=False) + "\n"


def _names(data: Sequence[Path]) -> list[str]:
    """Returns a dataset's name for each file, each once, fit for SQL without quotes."""
    names: list[str] = []
    for path in data:
        stem = _WORD.sub("_", path.name.partition(".")[0]).strip("_").lower() or "data"
        stem = f"data_{stem}" if stem[0].isdigit() else stem
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return names


def _read(path: Path, name: str, target: Path, engine: str) -> dict[str, Any]:
    from odibi_core.formats.registry import database_kind, find_format

    if not path.exists():
        raise ConfigError(f"there is no file `{one_line(str(path))}`")
    if path.is_dir():
        raise ConfigError(f"`{one_line(str(path))}` is a directory", help="name a data file")
    if database_kind(path) is not None:
        raise ConfigError(
            f"`{one_line(str(path))}` is a database", help="begin with a connect step: see docs/config.md"
        )
    find_format(path)
    base = target.absolute().parent
    try:
        value = os.path.relpath(path.absolute(), base)
    except ValueError:  # another drive
        value = str(path.absolute())
    return {
        "layer": "ingest", "name": f"read_{name}", "type": "config_op", "engine": engine,
        "value": Path(value).as_posix(), "outputs": {"data": name},
    }  # fmt: skip


def _schemas(reads: Sequence[dict[str, Any]], target: Path) -> dict[str, Schema | None]:
    from odibi_core.checks.checker import Checker
    from odibi_core.config import read_document

    document = read_document(str(target), text=json.dumps(list(reads)))
    checker = Checker(base_dir=target.absolute().parent)
    try:
        return dict(checker.whole(document).schemas)
    finally:
        checker.close()


def _select(name: str, schema: Schema | None, engine: str) -> str:
    if schema is None or not schema.names:
        return f"SELECT *\nFROM {name}"
    reserved = _reserved_words()
    columns = ",\n".join(f"  {_column(column, reserved, engine)}" for column in schema.names)
    return f"SELECT\n{columns}\nFROM {name}"


def _column(name: str, reserved: frozenset[str], engine: str) -> str:
    """Returns a column's name in SQL: in quotes only where it needs them."""
    if _PLAIN.fullmatch(name) and name.lower() not in reserved:
        return name
    if engine == "spark":
        return "`" + name.replace("`", "``") + "`"
    from odibi_core.engine.duckdb_session import quoted

    return quoted(name)


def _reserved_words() -> frozenset[str]:
    import duckdb

    with duckdb.connect() as connection:
        words = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        ).fetchall()
    return frozenset(word for (word,) in words)
