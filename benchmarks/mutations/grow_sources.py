"""Where generated pipelines read from: files of every format, databases, queries, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.mutations.project import DataFile, Made
from benchmarks.mutations.sql import Sql
from benchmarks.mutations.tables import Col, Columns, as_read, kinds_of, quoted, rows_of, some_columns

if TYPE_CHECKING:
    from benchmarks.mutations.grow import Grower

SUFFIXES = {
    "csv": ".csv", "tsv": ".tsv", "json": ".json", "jsonl": ".jsonl", "parquet": ".parquet", "avro": ".avro",
    "excel": ".xlsx", "sqlite": ".db", "duckdb": ".duckdb",
}  # fmt: skip
_OF_SPARK = ("csv", "parquet", "jsonl")
_OWN = '''"""Functions of a generated pipeline."""

from __future__ import annotations

import pandas as pd

from odibi_core.functions import odibi_function


@odibi_function("read_numbers", returns={"id": "int64", "double_id": "int64"})
def read_numbers(start: int, stop: int = 9) -> pd.DataFrame:
    return pd.DataFrame({"id": range(start, stop), "double_id": [2 * n for n in range(start, stop)]})


def same(data, limit: int = 1000):
    return data.head(limit)


def tagged(frame: pd.DataFrame, tag: str, *, column="tag") -> pd.DataFrame:
    return frame.assign(**{column: tag})


def both(left, right, how="left"):
    return {"data": left, "copy_1": right}


@odibi_function("count_rows", engines="pandas", returns={"rows_seen": "int64", "Größe": "double"})
def count_rows(data):
    return pd.DataFrame({"rows_seen": [len(data)], "Größe": [1.5]})


class Tools:
    @staticmethod
    def first(data, count):
        return data.head(count)
'''


def prepare(grower: Grower) -> None:
    """Makes the module of functions, and perhaps a database with a connect step."""
    grower.project.files["own_functions.py"] = DataFile("text", text=_OWN)
    grower.project.files["odibi_functions.py"] = DataFile(
        "text", text="from own_functions import count_rows  # noqa\n"
    )
    rng = grower.rng
    if rng.random() < 0.6:
        tables = {}
        for name in rng.sample(["orders", "kunden", "line items", "größen"], 3):
            columns = some_columns(rng, ("int", "float", "text", "date"))
            tables[name] = (columns, rows_of(rng, columns))
        grower.project.files["shop.db"] = DataFile("sqlite", tables=tables)
        fields: dict[str, Any] = {
            "layer": "connect",
            "name": grower.name("open"),
            "value": "sqlite:///shop.db",
        }
        if rng.random() < 0.4:
            fields = {**fields, "value": "shop.db", "params": {"driver": "sqlite"}}
        grower.project.steps.append(Made(fields, "connect", file="shop.db"))


def add(grower: Grower) -> None:
    """Adds an ingest step."""
    connects = [made for made in grower.project.steps if made.role == "connect"]
    ways = [_file] * 6 + [_values, _function]
    if connects:
        ways += [_table, _query] * 2
    grower.rng.choice(ways)(grower)


def _file(grower: Grower) -> None:
    rng, engine = grower.rng, grower.engine()
    form = rng.choice(_OF_SPARK if engine == "spark" else list(SUFFIXES))
    columns = some_columns(rng, kinds_of(form, engine), plain=form == "avro" or engine == "spark")
    name = f"data/{rng.choice(['orders', 'größe', 'my data', 'x'])}_{len(grower.datasets):03d}"
    file = DataFile(form, columns, rows_of(rng, columns))
    params: dict[str, Any] = {}
    path = name + SUFFIXES[form]
    seen = as_read(columns, form, engine)
    if form == "csv" and rng.random() < 0.3:
        file.options["sep"] = params["sep"] = rng.choice([";", "|", "\t"])
    if form in ("sqlite", "duckdb"):
        file.options["table"] = params["table"] = rng.choice(["orders", "my table"])
    if form in ("csv", "tsv", "parquet") and engine != "spark" and rng.random() < 0.25:
        kept = rng.sample(seen, max(2, len(seen) - 2))
        kept = tuple(column for column in seen if column in kept)
        params["columns" if form == "parquet" else "usecols"] = [column.name for column in kept]
        seen = kept
    if form in ("csv", "tsv", "json") and engine == "pandas" and rng.random() < 0.2:
        params["encoding"] = "utf-8"
    if form == "csv" and engine != "spark" and rng.random() < 0.2:
        params["nrows"] = 10
    if rng.random() < 0.1:
        params["format"] = form
        path = name + ".data" if form in ("csv", "json", "parquet") else path
    value = path
    if rng.random() < 0.1 and form != "duckdb":
        value = path.replace("data/", "${env:ODIBI_MUT_DIR}/", 1)
    grower.project.files[path] = file
    fields: dict[str, Any] = {
        "layer": "ingest",
        "name": grower.name("read"),
        "engine": engine,
        "value": value,
    }
    if params:
        fields["params"] = params
    grower.put(Made(fields, "file", file=path, form=form), seen)


def _values(grower: Grower) -> None:
    """A query on the engine itself."""
    engine = grower.engine()
    sql = Sql(engine)
    sql.kw("SELECT").add("1", "number").alias("id").add(",", "comma").space()
    sql.add("'north'", "text").alias("region").add(",", "comma").space()
    sql.fn("CAST", lambda: (sql.add("2.5", "number"), sql.kw("AS"), sql.add("DOUBLE", "type"))).alias(
        "amount"
    )
    fields = {
        "layer": "ingest",
        "name": grower.name("make"),
        "type": "sql",
        "engine": engine,
        "value": sql.text,
    }
    columns = (Col("id", "int"), Col("region", "text"), Col("amount", "float"))
    grower.put(Made(fields, "sql", sql), columns)


def _function(grower: Grower) -> None:
    fields = {
        "layer": "ingest", "name": grower.name("compute"), "type": "function",
        "value": "own_functions.read_numbers", "params": {"start": 1},
    }  # fmt: skip
    grower.put(Made(fields, "own"), (Col("id", "int"), Col("double_id", "int")))


def _table(grower: Grower) -> None:
    connect, name, columns = _some_table(grower)
    engine = grower.rng.choice(["pandas", "duckdb"])
    fields: dict[str, Any] = {
        "layer": "ingest", "name": grower.name("load"), "engine": engine,
        "params": {"connection": connect.name, "table": name},
    }  # fmt: skip
    seen = as_read(columns, "sqlite", engine)
    if grower.rng.random() < 0.3:
        fields = {**fields, "value": name, "params": {"connection": connect.name}}
    grower.put(Made(fields, "table", file="shop.db"), seen)


def _query(grower: Grower) -> None:
    connect, name, columns = _some_table(grower)
    rng, engine = grower.rng, grower.rng.choice(["pandas", "duckdb"])
    seen = as_read(columns, "sqlite", engine)
    kept = tuple(rng.sample(seen, max(2, len(seen) - 1)))
    sql = Sql("sqlite")
    sql.kw("SELECT").each([lambda c=c: sql.col(c.name, c.kind) for c in kept])
    sql.kw("FROM").add(quoted(name) if not name.isascii() or " " in name else name, "table", name)
    numeric = [column for column in seen if column.kind in ("int", "float")]
    if numeric and rng.random() < 0.5:
        sql.kw("WHERE").col(numeric[0].name, numeric[0].kind).op(">").add(
            "${var:minimum}", "placeholder", "minimum"
        )
        # The query may leave no row, so that no type would be known.
        sql.kw("OR").add("1", "number").op("=").add("1", "number")
    fields = {
        "layer": "ingest", "name": grower.name("ask"), "type": "sql", "engine": engine, "value": sql.text,
        "params": {"connection": connect.name},
    }  # fmt: skip
    grower.put(Made(fields, "query", sql, {name: columns}, file="shop.db"), kept)


def _some_table(grower: Grower) -> tuple[Made, str, Columns]:
    connect = next(made for made in grower.project.steps if made.role == "connect")
    tables = grower.project.files["shop.db"].tables
    name = grower.rng.choice(list(tables))
    return connect, name, tables[name][0]
