"""Arrow tables in the types that Spark has, and Arrow's names for Spark's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = {
    "boolean": "bool",
    "tinyint": "int8",
    "smallint": "int16",
    "int": "int32",
    "bigint": "int64",
    "float": "float",
    "double": "double",
    "string": "string",
    "binary": "binary",
    "date": "date32",
    "timestamp": "timestamp[us, tz=UTC]",
    "timestamp_ntz": "timestamp[us]",
    "void": "null",
}


def arrow_name(dtype: Any) -> str:
    """Returns Arrow's name of a Spark type."""
    native = str(dtype.simpleString())
    if native in _NAMES:
        return _NAMES[native]
    kind = str(dtype.typeName())
    if kind == "decimal":
        return f"decimal128({dtype.precision}, {dtype.scale})"
    if kind == "array":
        return f"list<{arrow_name(dtype.elementType)}>"
    if kind == "map":
        return f"map<{arrow_name(dtype.keyType)}, {arrow_name(dtype.valueType)}>"
    if kind == "struct":
        return f"struct<{', '.join(f'{field.name}: {arrow_name(field.dataType)}' for field in dtype.fields)}>"
    if native.startswith("interval day") or native.startswith(
        ("interval hour", "interval minute", "interval second")
    ):
        return "duration[us]"
    return "string" if native.startswith(("varchar", "char")) else native


def for_spark(table: pa.Table) -> pa.Table:
    """Returns a table with the types Spark lacks as the next wider ones it has.

    Unsigned numbers become signed, times microseconds, intervals without months durations.

    Raises:
        EngineError: A column has a type that Spark has nothing like.
    """
    import pyarrow as pa

    for index, field in enumerate(table.schema):
        wanted = _spark_type(field.type)
        if wanted is None:
            raise EngineError(f"Spark has no type for column `{field.name}`, which is {field.type}")
        if wanted.equals(field.type):
            continue
        try:
            if pa.types.is_interval(field.type):
                from odibi_core.formats.arrow import durations

                column = durations(table.column(index))
            else:
                column = table.column(index)
            column = column.cast(wanted, safe=False) if pa.types.is_timestamp(wanted) else column.cast(wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise EngineError(f"column `{field.name}` does not fit Spark's {wanted}: {error}") from error
        table = table.set_column(index, field.name, column)
    return table


def _spark_type(dtype: pa.DataType) -> pa.DataType | None:
    import pyarrow as pa
    import pyarrow.types as t

    unsigned = {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.uint64(): pa.decimal128(20, 0),
        pa.float16(): pa.float32(),
    }
    if dtype in unsigned:
        return unsigned[dtype]
    if t.is_dictionary(dtype):
        return _spark_type(dtype.value_type)
    if t.is_timestamp(dtype):
        return pa.timestamp("us", "UTC" if dtype.tz else None)
    if t.is_duration(dtype) or t.is_interval(dtype):
        return pa.duration("us")
    if t.is_date64(dtype):
        return pa.date32()
    if t.is_time(dtype):
        return pa.string()
    if t.is_large_string(dtype) or t.is_string_view(dtype):
        return pa.string()
    if t.is_large_binary(dtype) or t.is_fixed_size_binary(dtype) or t.is_binary_view(dtype):
        return pa.binary()
    if t.is_decimal(dtype):
        return dtype if dtype.precision <= 38 else None
    return dtype
