"""Which options readers and writers take, on each engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from odibi_core.formats.base import Format

_OF_SPARK_TARGETS = frozenset({"partition_by", "partitionBy", "single_file"})


def reader_options(engine: str, fmt: Format) -> frozenset[str]:
    """Returns the options that an engine takes when it reads a format, under all their names."""
    return fmt.read_options() | fmt.spellings.keys() | _own(engine, fmt)


def writer_options(engine: str, fmt: Format) -> frozenset[str]:
    """Returns the options that an engine takes when it writes a format, under all their names.

    `mode` and `format` are options of every target, and not among them.
    """
    known = fmt.write_options() | {
        name for name, plain in fmt.spellings.items() if plain in fmt.write_options()
    }
    if engine != "spark":
        return known
    return known | _own(engine, fmt) | _OF_SPARK_TARGETS


def _own(engine: str, fmt: Format) -> frozenset[str]:
    """Returns the options of the engine's own reader of a format."""
    if engine == "duckdb":
        from odibi_core.engine.duckdb_options import OWN as of_duckdb

        return frozenset(of_duckdb.get(fmt.name, ()))
    if engine == "spark":
        from odibi_core.engine.spark_files import OWN as of_spark

        return frozenset(of_spark.get(fmt.name, ()))
    return frozenset()
