"""Which format a source or target is in: by `format=`, else by its suffix."""

from __future__ import annotations

import functools
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from odibi_core.errors import FormatError
from odibi_core.formats.compression import SUFFIXES as COMPRESSIONS
from odibi_core.formats.sources import name_of
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from odibi_core.formats.base import Format

DATABASE_SUFFIXES = {
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}
DATABASE_NAMES = ("sqlite", "duckdb", "sql")


@functools.cache
def formats() -> tuple[Format, ...]:
    """Returns every file format, one reader and writer each."""
    from odibi_core.formats.avro import Avro
    from odibi_core.formats.delimited import Csv, Tsv
    from odibi_core.formats.excel import Excel
    from odibi_core.formats.json_text import Json, JsonLines
    from odibi_core.formats.parquet import Parquet

    return (Csv(), Tsv(), Json(), JsonLines(), Parquet(), Avro(), Excel())


def format_names() -> list[str]:
    """Returns the names that `format=` takes, databases included."""
    return [*(fmt.name for fmt in formats()), *DATABASE_NAMES]


def known_suffixes() -> list[str]:
    """Returns the suffixes by which a format is found, databases included, compressions not."""
    return [*(suffix for fmt in formats() for suffix in fmt.suffixes), *DATABASE_SUFFIXES]


def suffix_of(name: str) -> str:
    """Returns the suffix of a file name in lower case, that of `x.csv.gz` being `.csv`."""
    path = PurePath(name)
    suffix = path.suffix.lower()
    return PurePath(path.stem).suffix.lower() if suffix in COMPRESSIONS else suffix


def database_kind(source: str | Path, format_name: Any = None) -> str | None:
    """Returns `sqlite`, `duckdb` or `sql` where a source is a database, else None."""
    if format_name is not None:
        name = str(format_name).strip().lower()
        return name if name in DATABASE_NAMES else None
    if "://" in str(source):
        from odibi_core.formats.sources import is_url

        return None if is_url(source) else "sql"
    return DATABASE_SUFFIXES.get(suffix_of(name_of(source)))


def find_format(source: str | Path, format_name: Any = None) -> Format:
    """Returns the format of a source or target.

    Args:
        source: A path, pattern or URL.
        format_name: What `format=` says, in any case; None leaves it to the suffix.

    Raises:
        FormatError: No format has that name or suffix.
    """
    if format_name is not None:
        return _by_name(str(format_name))
    suffix = suffix_of(name_of(source))
    for fmt in formats():
        if suffix in fmt.suffixes:
            if not fmt.compressed and PurePath(name_of(source)).suffix.lower() in COMPRESSIONS:
                raise FormatError(
                    f"`{one_line(str(source))}`: {fmt.name} files are not read compressed as a whole",
                    help="decompress it first",
                )
            return fmt
    raise _unknown_suffix(source, suffix)


def _by_name(text: str) -> Format:
    name = text.strip().lower().removeprefix(".")
    for fmt in formats():
        if name == fmt.name or name in fmt.aliases or f".{name}" in fmt.suffixes:
            return fmt
    known = format_names()
    close = nearest(name, [*known, *(alias for fmt in formats() for alias in fmt.aliases)])
    raise FormatError(
        f"unknown format `{one_line(text)}`; known are {', '.join(f'`{name}`' for name in known)}",
        help=f"did you mean `{close}`" if close else None,
    )


def _unknown_suffix(source: str | Path, suffix: str) -> FormatError:
    shown = one_line(str(source))
    suffixes = known_suffixes()
    known = ", ".join(f"`{name}`" for name in suffixes)
    if not suffix:
        return FormatError(f"`{shown}` has no suffix to know its format by", help="say it with `format`")
    close = nearest(suffix, suffixes)
    return FormatError(
        f"`{shown}`: no format has the suffix `{one_line(suffix)}`; known are {known}",
        help=f"did you mean `{close}`" if close else "say it with `format`",
    )
