"""Arrow between the engines: any frame as an Arrow table, an Arrow table as pandas, and type names."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_INFER_ROWS = 1_000  # of an object column, how many values are looked at for its type


@functools.lru_cache(maxsize=4096)
def type_name(dtype: pa.DataType) -> str:
    """Returns the name of an Arrow type, the same for every encoding of the same values.

    A dictionary is named by its values, `large_string` and `string_view` are `string`, and lists and
    maps leave out the names Arrow gives their items, which differ from engine to engine.
    """
    import pyarrow.types as t

    if t.is_dictionary(dtype) or t.is_run_end_encoded(dtype):
        return type_name(dtype.value_type)
    if t.is_large_string(dtype) or t.is_string_view(dtype):
        return "string"
    if t.is_large_binary(dtype) or t.is_binary_view(dtype) or t.is_fixed_size_binary(dtype):
        return "binary"
    if t.is_date32(dtype):
        return "date32"
    if t.is_struct(dtype):
        return f"struct<{', '.join(f'{field.name}: {type_name(field.type)}' for field in dtype)}>"
    if t.is_map(dtype):
        return f"map<{type_name(dtype.key_type)}, {type_name(dtype.item_type)}>"
    if t.is_fixed_size_list(dtype):
        return f"list<{type_name(dtype.value_type)}>[{dtype.list_size}]"
    if t.is_list(dtype) or t.is_large_list(dtype) or t.is_list_view(dtype) or t.is_large_list_view(dtype):
        return f"list<{type_name(dtype.value_type)}>"
    return str(dtype)


def is_tabular(value: Any) -> bool:
    """Whether `table_of` takes `value`."""
    if isinstance(value, list):
        return all(isinstance(row, dict) for row in value)
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "toArrow") or _is_pandas(value)


def table_of(value: Any, *, named_index: bool = True) -> pa.Table:
    """Returns a frame of any engine as an Arrow table.

    Args:
        value: A pandas, DuckDB or Spark frame, an Arrow table, batch or reader, a list of dicts, or
            whatever else offers an Arrow stream (Polars, a DuckDB relation).
        named_index: Whether the named index of a pandas frame becomes a column.

    Raises:
        TypeError: `value` is not tabular.
        EngineError: A column mixes types that no Arrow type holds.
    """
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    if isinstance(value, pa.RecordBatchReader):
        return value.read_all()
    if _is_pandas(value):
        return pandas_to_arrow(value, named_index=named_index)
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return rows_to_arrow(value)
    if hasattr(value, "toArrow"):  # a Spark frame, local or remote
        return value.toArrow()
    if hasattr(value, "arrow") and hasattr(value, "release"):  # DuckDBFrame: its whole table, no copy
        table: pa.Table = value.arrow()
        return table
    if hasattr(value, "__arrow_c_stream__"):
        return pa.table(value)
    raise TypeError(
        f"expected a frame, got `{type(value).__name__}`; "
        "a frame is a pandas, DuckDB or Spark frame, an Arrow table or a list of dicts"
    )


def pandas_of(value: Any, *, named_index: bool = True) -> pd.DataFrame:
    """Returns a frame of any engine as a pandas frame, its named index as columns.

    Args:
        value: What `table_of` takes.
        named_index: Whether the named index of a pandas frame becomes a column.
    """
    import pandas as pd

    if isinstance(value, pd.Series):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        return with_named_index(value) if named_index else value
    return arrow_to_pandas(table_of(value))


def concatenate(frames: list[Any]) -> pd.DataFrame | pa.Table:
    """Returns frames one below the other, columns by name; Arrow tables as one, anything else as pandas.

    Raises:
        EngineError: A column has types in two of them that no one type holds.
    """
    import pandas as pd
    import pyarrow as pa

    if len(frames) == 1:
        only: pd.DataFrame | pa.Table = frames[0]
        return only
    if all(isinstance(frame, pd.DataFrame) for frame in frames):
        return pd.concat(frames, ignore_index=True)
    tables = [table_of(frame) for frame in frames]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise EngineError(f"the parts do not fit below each other: {error}") from error


def pandas_to_arrow(
    df: pd.DataFrame | pd.Series[Any], *, loose: bool = False, named_index: bool = True
) -> pa.Table:
    """Returns a pandas frame as an Arrow table.

    A named index becomes a column (the keys of a `groupby` would be lost otherwise), an unnamed one is
    left out.

    Args:
        df: The frame; a series counts as a frame of one column.
        loose: For looking only: a column that mixes types becomes text instead of an error.
        named_index: Whether a named index becomes a column.

    Raises:
        EngineError: A column mixes types that no Arrow type holds.
    """
    import pandas as pd
    import pyarrow as pa

    frame = df.to_frame() if isinstance(df, pd.Series) else df
    if named_index:
        frame = with_named_index(frame)
    if not frame.columns.is_unique:
        return _columns_to_arrow(frame, loose=loose)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return _columns_to_arrow(frame, loose=loose)  # finds out which column it was
    # pandas' own notes would bring back its types on the far side of an engine that changed the data.
    return table.replace_schema_metadata(None)


def with_named_index(df: pd.DataFrame) -> pd.DataFrame:
    """Returns `df` with the named levels of its index as its first columns."""
    names = [name for name in df.index.names if name is not None and name not in df.columns]
    if not names:
        return df
    keep = df.index.to_frame(index=False)[names]
    rest = df.reset_index(drop=True)
    import pandas as pd

    return pd.concat([keep, rest], axis=1)


def arrow_to_pandas(table: pa.Table) -> pd.DataFrame:
    """Returns an Arrow table as a pandas frame in which every value and its type survive.

    Whole numbers and booleans with nulls become pandas' nullable types: as `float64` and `object` they
    would lose digits and change type at the next crossing. Decimals keep their precision as Arrow's own
    type. Maps keep it too, as lists of pairs they would be no maps again, and so do columns of nothing but
    nulls that pandas would forget the type of. Intervals of days and less become `timedelta`.
    """
    import pyarrow.types as t

    for index, field in enumerate(table.schema):
        if t.is_interval(field.type):
            table = table.set_column(index, field.name, durations(table.column(index)))
    exact = {
        index: dtype
        for index, field in enumerate(table.schema)
        if (dtype := _exact_type(field.type, table.column(index))) is not None
    }
    plain: pd.DataFrame = table.to_pandas(use_threads=table.num_rows > 10_000)
    if not exact:
        return plain
    if plain.shape[1] != table.num_columns or len(set(table.schema.names)) != table.num_columns:
        mapped: pd.DataFrame = table.to_pandas(types_mapper=_nullable_types().get)
        return mapped  # an index among the columns, or a name that stands twice
    for index, dtype in exact.items():
        name = table.schema.names[index]
        column = table.select([index]).replace_schema_metadata(None)
        plain[name] = column.to_pandas(types_mapper={column.schema.types[0]: dtype}.get)[name].array
    return plain


def _exact_type(dtype: pa.DataType, column: pa.ChunkedArray) -> Any:
    """Returns the pandas type without which a column would lose digits or its type, or None."""
    import pandas as pd
    import pyarrow.types as t

    if t.is_decimal(dtype) or _has_maps(dtype):
        return pd.ArrowDtype(dtype)
    nulls = column.null_count
    if not nulls:
        return None
    nullable = _nullable_types().get(dtype)
    if nullable is not None:
        return nullable
    is_object = t.is_date(dtype) or t.is_time(dtype) or t.is_nested(dtype) or t.is_binary(dtype)
    return pd.ArrowDtype(dtype) if is_object and nulls == len(column) else None


def _has_maps(dtype: pa.DataType) -> bool:
    """Whether values of a type have maps in them."""
    import pyarrow.types as t

    if t.is_map(dtype):
        return True
    return t.is_nested(dtype) and any(_has_maps(dtype.field(i).type) for i in range(dtype.num_fields))


def pandas_columns(df: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Returns (name, Arrow type name, pandas type name) of each column, without reading the data through."""
    frame = with_named_index(df.head(0)) if any(name is not None for name in df.index.names) else df
    found = []
    for position in range(frame.shape[1]):
        name = frame.columns[position]
        dtype = frame.dtypes.iloc[position]
        native = str(dtype)
        arrow = _pandas_type_name(native)
        if arrow is None:
            source = df[name] if frame is not df and name in df.columns else frame.iloc[:, position]
            arrow = type_name(_infer(source))
        found.append((str(name), arrow, native))
    return found


# -- pandas ---------------------------------------------------------------------------------------


def _is_pandas(value: Any) -> bool:
    kind = type(value)
    if not kind.__module__.startswith("pandas"):  # asks without importing pandas; subclasses below
        return any(base.__module__.startswith("pandas.core.") for base in kind.__mro__) and _is_frame(value)
    return _is_frame(value)


def _is_frame(value: Any) -> bool:
    import pandas as pd

    return isinstance(value, pd.DataFrame | pd.Series)


_PLAIN = {
    "bool": "bool",
    "boolean": "bool",
    "float16": "halffloat",
    "float32": "float",
    "float64": "double",
    "Float32": "float",
    "Float64": "double",
    "str": "string",
    "string": "string",
    **{f"{kind}{bits}": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"{kind}nt{bits}": f"{kind.lower()}nt{bits}" for kind in ("I", "UI") for bits in (8, 16, 32, 64)},
}


@functools.lru_cache(maxsize=1024)
def _pandas_type_name(native: str) -> str | None:
    """Returns the Arrow name of a pandas type by its name alone, or None where the values decide."""
    if native in _PLAIN:
        return _PLAIN[native]
    for pandas_name, arrow_name in (("datetime64[", "timestamp["), ("timedelta64[", "duration[")):
        if native.startswith(pandas_name):
            unit, _, zone = native.removeprefix(pandas_name).removesuffix("]").partition(", ")
            return f"{arrow_name}{unit}, tz={zone}]" if zone else f"{arrow_name}{unit}]"
    return None


def _infer(column: pd.Series[Any]) -> pa.DataType:
    """Returns the Arrow type of a column from its type or its first values."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(column.dtype, pd.ArrowDtype):
        return column.dtype.pyarrow_dtype
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pa.array(pd.Series(column.cat.categories)).type
    head = column.head(_INFER_ROWS)
    if len(column) > _INFER_ROWS and head.isna().all():
        head = column.dropna().head(_INFER_ROWS)
    try:
        return pa.Array.from_pandas(head).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.string()  # mixed: what it is shown as


def _columns_to_arrow(frame: pd.DataFrame, *, loose: bool) -> pa.Table:
    import pyarrow as pa

    arrays, names = [], []
    for position in range(frame.shape[1]):
        column, name = frame.iloc[:, position], str(frame.columns[position])
        try:
            array = pa.Array.from_pandas(column)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as error:
            if not loose:
                kinds = sorted({type(value).__name__ for value in column.dropna().head(_INFER_ROWS)})
                raise EngineError(
                    f"column `{name}` holds values that no one type fits ({', '.join(kinds)}): {error}",
                    help=f'give it one type, for example with `df["{name}"].astype(str)`',
                ) from error
            array = pa.array([None if v is None or v != v else str(v) for v in column], pa.string())
        arrays.append(array)
        names.append(name)
    return pa.table(arrays, names=names) if arrays else pa.table({})


def rows_to_arrow(rows: list[dict[str, Any]]) -> pa.Table:
    """Returns objects as an Arrow table, columns in order of first appearance, null where one lacks a key.

    Raises:
        EngineError: A column mixes types that no one Arrow type holds.
    """
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))  # in order of first appearance
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            arrays.append(pa.array(values))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise EngineError(f"column `{name}` holds values that no one type fits: {error}") from error
    return pa.table(arrays, names=[str(name) for name in names])


@functools.cache
def _nullable_types() -> dict[pa.DataType, Any]:
    import pandas as pd
    import pyarrow as pa

    types: dict[pa.DataType, Any] = {pa.bool_(): pd.BooleanDtype()}
    for bits in (8, 16, 32, 64):
        types[getattr(pa, f"int{bits}")()] = getattr(pd, f"Int{bits}Dtype")()
        types[getattr(pa, f"uint{bits}")()] = getattr(pd, f"UInt{bits}Dtype")()
    return types


def durations(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns a column of intervals as durations where none has months, which have no length."""
    import pyarrow as pa

    values = column.to_pylist()
    if any(value is not None and value.months for value in values):
        return column
    micros = [None if v is None else v.days * 86_400_000_000 + v.nanoseconds // 1_000 for v in values]
    return pa.chunked_array([pa.array(micros, pa.duration("us"))])
