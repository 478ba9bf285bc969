"""Queries for Spark and the tables they are over; what Spark itself says of them is in `verdicts.json`."""

from __future__ import annotations

from pathlib import Path

from odibi_core.checks.schemas import Schema

HERE = Path(__file__).parent
# DuckDB's type, Spark's type.
ORDERS = {
    "id": ("BIGINT", "bigint"),
    "customer_id": ("BIGINT", "bigint"),
    "region": ("VARCHAR", "string"),
    "amount": ("DOUBLE", "double"),
    "qty": ("INTEGER", "int"),
    "price": ("DECIMAL(10,2)", "decimal(10,2)"),
    "ordered_at": ("TIMESTAMP", "timestamp_ntz"),
    "order date": ("TIMESTAMP WITH TIME ZONE", "timestamp_ltz"),
    "day": ("DATE", "date"),
    "tags": ("VARCHAR[]", "array<string>"),
    "attrs": ("MAP(VARCHAR, VARCHAR)", "map<string,string>"),
    "customer": (
        "STRUCT(id BIGINT, name VARCHAR, address STRUCT(city VARCHAR, zip VARCHAR))",
        "struct<id:bigint,name:string,address:struct<city:string,zip:string>>",
    ),
    "note": ("VARCHAR", "string"),
    "active": ("BOOLEAN", "boolean"),
    "payload": ("VARCHAR", "string"),
}
CUSTOMERS = {
    "id": ("BIGINT", "bigint"),
    "name": ("VARCHAR", "string"),
    "country": ("VARCHAR", "string"),
    "since": ("DATE", "date"),
}
TABLES = {"orders": ORDERS, "customers": CUSTOMERS}


def schemas() -> dict[str, Schema]:
    """Returns the tables as checks know them."""
    return {
        name: Schema.of((column, types[0]) for column, types in columns.items())
        for name, columns in TABLES.items()
    }


def queries(name: str) -> list[str]:
    """Returns the queries of a file, each ended by a semicolon at the end of a line."""
    text = (HERE / name).read_text(encoding="utf-8")
    text = "\n".join(line for line in text.split("\n") if not line.startswith("--"))
    return [query.strip() for query in (text + "\n").split(";\n") if query.strip()]
