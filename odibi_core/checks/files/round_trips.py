"""What a source holds that an earlier step of the pipeline writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.schemas import Column, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.formats.base import Format

# Types that parquet keeps on every engine, whatever rows there are.
_KEPT = frozenset({"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "VARCHAR", "BOOLEAN"})
_HARMLESS = frozenset({"format", "mode", "compression"})


def schema_of_written(
    reader: Step,
    fmt: Format,
    writers: Sequence[Step],
    inputs: Mapping[str, Schema | None],
    pipeline: Pipeline,
) -> Schema | None:
    """Returns the schema of a file as its one writer, for which the reader waits, leaves it.

    Args:
        reader: The step that reads it.
        fmt: The format it is read in.
        writers: The steps that write it.
        inputs: The schemas of the reader's inputs.
        pipeline: The steps.
    """
    if len(writers) != 1 or len(pipeline.writers) == 0:
        return None
    (writer,) = writers
    schema = next(
        (inputs.get(local) for local, key in reader.inputs.items() if key in writer.outputs.values()), None
    )
    if schema is None or writer.layer not in ("store", "publish"):
        return None
    params = writer.params
    if not _HARMLESS.issuperset(params) or params.get("mode", "overwrite") == "append":
        return None
    if reader.params.keys() - {"format"} or params.get("format") != reader.params.get("format"):
        return None
    if fmt.name == "parquet":
        kept = (column.type if column.type in _KEPT else None for column in schema.columns)
        return Schema(tuple(Column(c.name, kind) for c, kind in zip(schema.columns, kept, strict=True)))
    if fmt.name in ("csv", "tsv"):  # the header; what its cells are taken for, their rows decide
        return Schema(tuple(Column(column.name) for column in schema.columns))
    return None
