"""Data for generated pipelines: columns with kinds, rows, and files of every format."""

from __future__ import annotations

import datetime
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

# `any` stands for a type that differs between engines: such a column is only passed on.
KINDS = ("int", "float", "text", "date", "time", "bool", "list", "struct", "any")
FLAT = ("int", "float", "text", "date", "time", "bool")
ROWS = 12
_PLAIN = re.compile("[a-z_]+")

NAMES = {
    "int": ["id", "qty", "visits", "Stück", "order no", "年齢", "rank_nr", "size", "floor"],
    "float": ["amount", "price", "net weight", "größe", "Rate%", "balance", "lat", "rebate"],
    "text": ["customer", "region", "City Name", "straße", "名前", "comment", "status", "it's", 'say "hi"'],
    "date": ["ordered_on", "birthday", "due date", "fällig"],
    "time": ["created_at", "updated_at", "Last Seen"],
    "bool": ["active", "is paid", "geprüft"],
    "list": ["scores", "tag ids"],
    "struct": ["address", "maße"],
}
WORDS = ["Ada", "Bo", "Cleo", "Dag", "Eve", "Finn's", "Großmann", "山田", 'Hal "9"', "north", "south", "x,y"]
_ARROW = {"int": "int64", "float": "float64", "text": "string", "date": "date32", "bool": "bool_"}


@dataclass(frozen=True)
class Col:
    """A column and its kind."""

    name: str
    kind: str


Columns = tuple[Col, ...]


def some_columns(
    rng: Random, kinds: Sequence[str], least: int = 3, most: int = 7, *, plain: bool = False
) -> Columns:
    """Returns columns with different names, at least one of numbers and one of text."""
    chosen = ["int", "text", *(rng.choice(kinds) for _ in range(rng.randint(least, most) - 2))]
    columns: list[Col] = []
    for kind in chosen:
        taken = {column.name for column in columns}
        free = [name for name in NAMES[kind] if name not in taken and (not plain or _PLAIN.fullmatch(name))]
        if free:
            columns.append(Col(rng.choice(free[:3] if rng.random() < 0.6 else free), kind))
    rng.shuffle(columns)
    return tuple(columns)


def as_read(columns: Columns, form: str, engine: str) -> Columns:
    """Returns the columns as an engine finds them in a file."""

    def kind(column: Col) -> str:
        if form in ("csv", "tsv") and column.kind in ("date", "time"):
            return "text" if engine == "pandas" else column.kind if engine == "duckdb" else "any"
        if form in ("json", "jsonl") and column.kind in ("date", "time", "list", "struct"):
            if engine == "pandas":
                return "text" if column.kind in ("date", "time") else "any"
            return column.kind if engine == "duckdb" and column.kind != "time" else "any"
        if form == "excel" and column.kind == "date":
            return "time"
        if form == "sqlite":
            return {"date": "text", "time": "text", "bool": "int"}.get(column.kind, column.kind)
        if form == "avro" and column.kind in ("date", "time"):
            return "any"
        return column.kind

    return tuple(Col(column.name, kind(column)) for column in columns)


def kinds_of(form: str, engine: str) -> tuple[str, ...]:
    """Returns the kinds of columns that files of a format are made with."""
    if form in ("parquet", "duckdb") and engine == "duckdb":
        return (*FLAT, "list", "struct")
    if form in ("json", "jsonl") and engine == "duckdb":
        return ("int", "float", "text", "bool", "date", "list", "struct")
    return FLAT


def rows_of(rng: Random, columns: Columns, count: int = ROWS) -> list[dict[str, Any]]:
    """Returns rows; only texts and fractions are sometimes missing, so that no reader changes a type."""
    return [{column.name: _value(rng, column.kind) for column in columns} for _ in range(count)]


def _value(rng: Random, kind: str) -> Any:
    if kind == "int":
        return rng.randint(1, 9)
    if kind == "float":
        return round(rng.uniform(1, 500), 2) + 0.005
    if kind == "text":
        return rng.choice(WORDS)
    if kind == "date":
        return datetime.date(2024, 1, 1) + datetime.timedelta(days=rng.randint(0, 700))
    if kind == "time":
        return datetime.datetime(2024, 1, 1, 8, 30, 15) + datetime.timedelta(minutes=rng.randint(1, 9_999))
    if kind == "bool":
        return rng.random() < 0.5
    if kind == "list":
        return [rng.randint(1, 9) for _ in range(3)]
    return {"a": rng.randint(1, 9), "b": rng.choice(WORDS)}


def write(path: Path, form: str, columns: Columns, rows: list[dict[str, Any]], **options: Any) -> None:
    """Writes a file with other programs than Odibi's own writers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if form in ("csv", "tsv"):
        _frame(columns, rows).to_csv(
            path, index=False, sep=options.get("sep", "\t" if form == "tsv" else ",")
        )
    elif form == "json":
        path.write_text(json.dumps(rows, default=_text, ensure_ascii=False), "utf-8")
    elif form == "jsonl":
        lines = (json.dumps(row, default=_text, ensure_ascii=False) for row in rows)
        path.write_text("\n".join(lines) + "\n", "utf-8")
    elif form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(_table(columns, rows), path)
    elif form == "avro":
        _write_avro(path, columns, rows)
    elif form == "excel":
        _frame(columns, rows).to_excel(path, index=False)
    elif form == "sqlite":
        write_sqlite(path, {options.get("table", "data"): (columns, rows)})
    else:
        import duckdb

        with duckdb.connect(str(path)) as database:
            database.register("given", _table(columns, rows))
            database.execute(f'CREATE TABLE "{options.get("table", "data")}" AS SELECT * FROM given')


def write_sqlite(path: Path, tables: dict[str, tuple[Columns, list[dict[str, Any]]]]) -> None:
    """Writes a SQLite database, dates as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    types = {"int": "INTEGER", "float": "REAL", "bool": "INTEGER"}
    with closing(sqlite3.connect(path)) as database:
        for name, (columns, rows) in tables.items():
            made = ", ".join(f"{quoted(c.name)} {types.get(c.kind, 'TEXT')}" for c in columns)
            database.execute(f"CREATE TABLE {quoted(name)} ({made})")
            marks = ", ".join("?" for _ in columns)
            values = [[_plain(row[column.name]) for column in columns] for row in rows]
            database.executemany(f"INSERT INTO {quoted(name)} VALUES ({marks})", values)
        database.commit()


def quoted(name: str) -> str:
    """Returns a name as a quoted identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    return _text(value) if isinstance(value, datetime.date) else int(value) if value is True else value


def _text(value: Any) -> str:
    return str(value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value.isoformat())


def _frame(columns: Columns, rows: list[dict[str, Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame(rows, columns=[column.name for column in columns])


def _table(columns: Columns, rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    def kind(column: Col) -> Any:
        if column.kind == "time":
            return pa.timestamp("us")
        if column.kind == "list":
            return pa.list_(pa.int64())
        if column.kind == "struct":
            return pa.struct([("a", pa.int64()), ("b", pa.string())])
        return getattr(pa, _ARROW[column.kind])()

    return pa.Table.from_pylist(rows, pa.schema([(column.name, kind(column)) for column in columns]))


def _write_avro(path: Path, columns: Columns, rows: list[dict[str, Any]]) -> None:
    import fastavro

    kinds = {"int": "long", "float": "double", "bool": "boolean"}
    # Avro takes only plain names; who reads the file sees those.
    fields = [{"name": c.name, "type": kinds.get(c.kind, "string")} for c in columns]
    made = [{c.name: row[c.name] if c.kind in kinds else _said(row[c.name]) for c in columns} for row in rows]
    with path.open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, made)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else _text(value)
