"""Avro schemas from Arrow types, and Arrow tables from Avro records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.errors import FormatError, StepOptionError
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def avro_schema(schema: pa.Schema) -> dict[str, Any]:
    """Returns an Avro record schema with a field, which may be null, for each column.

    Raises:
        FormatError: A column has a name or type that Avro has not.
    """
    return _record("row", [(field.name, field.type) for field in schema])


def avro_value(value: Any, dtype: pa.DataType) -> Any:
    """Returns a value as fastavro wants it for the type that `avro_schema` gave the column."""
    import pyarrow.types as t

    if value is None:
        return None
    if t.is_time(dtype) or t.is_decimal(dtype) or t.is_timestamp(dtype) or t.is_date(dtype):
        return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    if t.is_map(dtype):
        return {str(key): avro_value(item, dtype.item_type) for key, item in value}
    if t.is_list(dtype) or t.is_large_list(dtype) or t.is_fixed_size_list(dtype):
        return [avro_value(item, dtype.value_type) for item in value]
    if t.is_struct(dtype):
        types = {field.name: field.type for field in dtype}
        return {name: avro_value(item, types[name]) for name, item in value.items()}
    if t.is_duration(dtype):
        return round(value.total_seconds() * 1_000_000)
    return value


def table_from_records(
    schema: Any, records: Iterable[dict[str, Any]], columns: Sequence[str] | None, label: str
) -> pa.Table:
    """Returns Avro records as an Arrow table with the types their schema says.

    Raises:
        FormatError: The schema is not one of records.
        StepOptionError: `columns` names one that is not there.
    """
    import pyarrow as pa

    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise FormatError(f"`{one_line(label)}` does not hold records")
    fields = {field["name"]: field["type"] for field in schema["fields"]}
    for name in columns or ():
        if name not in fields:
            close = nearest(str(name), fields)
            raise StepOptionError(
                f"`{one_line(label)}` has no column `{one_line(str(name))}`",
                field="params",
                help=f"did you mean `{close}`" if close else None,
            )
    rows = list(records)
    kept = [name for name in fields if columns is None or name in columns]
    arrays = []
    for name in kept:
        dtype = _arrow_type(fields[name])
        values = [row.get(name) for row in rows]
        arrays.append(pa.array(values, dtype) if dtype is not None else pa.array(values))
    return pa.table(arrays, names=kept)


def _record(name: str, fields: list[tuple[str, pa.DataType]]) -> dict[str, Any]:
    described = []
    for field, dtype in fields:
        if not _NAME.fullmatch(field):
            raise FormatError(
                f"avro has no column name like `{one_line(field)}`",
                help="letters, digits and `_` only, no digit first",
            )
        kind = _avro_type(dtype, f"{name}_{field}", field)
        nullable = kind if kind == "null" else ["null", kind]
        described.append({"name": field, "type": nullable, "default": None})
    return {"type": "record", "name": name, "fields": described}


def _avro_type(dtype: pa.DataType, path: str, column: str) -> Any:
    import pyarrow.types as t

    if t.is_dictionary(dtype):
        return _avro_type(dtype.value_type, path, column)
    simple = (
        (t.is_null, "null"),
        (t.is_boolean, "boolean"),
        (lambda d: t.is_integer(d) and (d.bit_width < 32 or str(d) == "int32"), "int"),
        (lambda d: t.is_integer(d) and str(d) != "uint64", "long"),
        (lambda d: t.is_float32(d) or t.is_float16(d), "float"),
        (t.is_float64, "double"),
        (lambda d: t.is_string(d) or t.is_large_string(d) or t.is_string_view(d), "string"),
        (lambda d: t.is_binary(d) or t.is_large_binary(d) or t.is_fixed_size_binary(d), "bytes"),
        (t.is_duration, "long"),
    )
    for matches, name in simple:
        if matches(dtype):
            return name
    if t.is_date(dtype):
        return {"type": "int", "logicalType": "date"}
    if t.is_time(dtype):
        return {"type": "long", "logicalType": "time-micros"}
    if t.is_timestamp(dtype):
        return {"type": "long", "logicalType": "timestamp-micros" if dtype.tz else "local-timestamp-micros"}
    if t.is_decimal(dtype):
        return {
            "type": "bytes",
            "logicalType": "decimal",
            "precision": dtype.precision,
            "scale": dtype.scale,
        }
    if t.is_list(dtype) or t.is_large_list(dtype) or t.is_fixed_size_list(dtype):
        return {"type": "array", "items": ["null", _avro_type(dtype.value_type, path, column)]}
    if t.is_map(dtype):
        return {"type": "map", "values": ["null", _avro_type(dtype.item_type, path, column)]}
    if t.is_struct(dtype):
        return _record(path, [(field.name, field.type) for field in dtype])
    raise FormatError(f"avro has no type for column `{one_line(column)}`, which is {dtype}")


def _arrow_type(kind: Any) -> pa.DataType | None:
    """Returns the Arrow type of an Avro type, or None where the values have to tell."""
    import pyarrow as pa

    if isinstance(kind, list):
        others = [member for member in kind if member != "null"]
        return _arrow_type(others[0]) if len(others) == 1 else (pa.null() if not others else None)
    name = kind.get("logicalType") or kind.get("type") if isinstance(kind, dict) else kind
    simple = {
        "null": pa.null(),
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "bytes": pa.binary(),
        "enum": pa.string(),
        "fixed": pa.binary(),
        "date": pa.date32(),
        "time-millis": pa.time32("ms"),
        "time-micros": pa.time64("us"),
        "timestamp-millis": pa.timestamp("ms", "UTC"),
        "timestamp-micros": pa.timestamp("us", "UTC"),
        "local-timestamp-millis": pa.timestamp("ms"),
        "local-timestamp-micros": pa.timestamp("us"),
    }
    if name in simple:
        return simple[name]
    if name == "decimal":
        return pa.decimal128(kind["precision"], kind.get("scale", 0))
    if name == "array":
        inner = _arrow_type(kind["items"])
        return pa.list_(inner) if inner is not None else None
    if name == "map":
        inner = _arrow_type(kind["values"])
        return pa.map_(pa.string(), inner) if inner is not None else None
    return _struct(kind) if name == "record" else None


def _struct(kind: dict[str, Any]) -> pa.DataType | None:
    import pyarrow as pa

    members = [(field["name"], _arrow_type(field["type"])) for field in kind["fields"]]
    return pa.struct(members) if all(dtype is not None for _, dtype in members) else None
