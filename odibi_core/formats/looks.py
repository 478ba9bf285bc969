"""What reading a source would give, told from the start of its files: names and types of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.formats.arrow import concatenate
from odibi_core.formats.bounded import TooLongError
from odibi_core.formats.registry import find_format
from odibi_core.formats.sources import find_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from odibi_core.formats.base import Look
    from odibi_core.formats.sources import File

MOST_FILES = 50  # a source of more is not looked at

# A column's name, and its Arrow type where that is known.
ArrowColumns = list[tuple[str, "pa.DataType | None"]]


def look_at_source(
    source: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path]
) -> Look | None:
    """Returns what `read_source` would begin with; None where the start of the files does not tell that.

    Raises:
        FileNotFoundError: Nothing is there.
        FormatError: The format is not known or a file is not in it.
        StepOptionError: The reader does not take an option.
        EngineError: The files do not fit below each other.
    """
    from odibi_core.formats.base import Look

    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    options = fmt.checked(options, fmt.read_options(), "reader")
    files = find_files(source, fmt, resolve)
    if len(files) > MOST_FILES or not all(is_plain_file(file) for file in files):
        return None
    looks: list[Look] = []
    for file in files:
        try:
            look = fmt.look(file, dict(options))
        except TooLongError:
            return None
        if look is None:
            return None
        looks.append(look)
    if len(looks) == 1:
        return looks[0]
    doubtful = frozenset[str]().union(*(look.doubtful for look in looks))
    whole = all(look.whole for look in looks) and options.get("nrows") is None
    return Look(concatenate([look.frame for look in looks]), whole, doubtful)


def is_plain_file(file: File) -> bool:
    """Whether a file is one of this machine that can be read without waiting: no URL, pipe or device."""
    from pathlib import Path

    return not file.is_url and Path(file.path).is_file()


def columns_of(look: Look, *, by_pandas: bool = True) -> ArrowColumns:
    """Returns the columns that SQL sees of a frame that starts so.

    The frame goes the way it goes in a run: on pandas as a pandas frame, and from there to Arrow. A column
    of nothing but nulls in a start without types has none yet; one that mixes types has none at all.

    Args:
        look: The start of what is read.
        by_pandas: Whether it becomes a pandas frame first, as on the pandas engine.
    """
    import pyarrow as pa

    from odibi_core.errors import EngineError
    from odibi_core.formats.arrow import pandas_of, table_of

    frame: Any = pandas_of(look.frame, named_index=False) if by_pandas else look.frame
    is_typed = isinstance(look.frame, pa.Table)
    try:
        table: Any = table_of(frame)
    except EngineError:  # a column mixes types, which only a pandas frame can
        if not by_pandas:
            raise
        from odibi_core.formats.arrow import with_named_index

        named = with_named_index(pandas_of(frame, named_index=False))
        return [(str(name), _type_of(named.iloc[:, at])) for at, name in enumerate(named.columns)]
    found: ArrowColumns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        is_open = not look.whole and not is_typed and column.null_count == len(column)
        unknown = is_open or field.name in look.doubtful or _is_null(field.type)
        found.append((field.name, None if unknown else field.type))
    return found


def _type_of(column: Any) -> pa.DataType | None:
    import pyarrow as pa

    try:
        dtype = pa.Array.from_pandas(column).type
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    return None if _is_null(dtype) else dtype


def _is_null(dtype: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_null(dtype.value_type if t.is_dictionary(dtype) else dtype))
