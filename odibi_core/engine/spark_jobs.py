"""Spark's jobs: which scope they belong to, how they are cancelled, how their rows come as Arrow."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from odibi_core.engine.spark_sql import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_GROUP = "spark.jobGroup.id"


@contextlib.contextmanager
def tagged(session: SparkSession, tag: str, description: str) -> Iterator[None]:
    """Marks the jobs that this thread starts with `tag`.

    In this process that is Spark's job group: session tags were tried with pyspark 4.3 and cancel nothing.
    """
    if is_remote(session):
        outer = tag in session.getTags()
        if not outer:
            session.addTag(tag)
        try:
            yield
        finally:
            if not outer:
                session.removeTag(tag)
        return
    context = session.sparkContext
    before = context.getLocalProperty(_GROUP)
    context.setJobGroup(tag, description, interruptOnCancel=True)
    try:
        yield
    finally:
        if context._jsc is not None:  # not stopped meanwhile
            context.setLocalProperty(_GROUP, before)  # None unsets it


def cancel_jobs(session: SparkSession, tag: str) -> None:
    """Cancels the jobs marked with `tag`."""
    if is_remote(session):
        session.interruptTag(tag)
    else:
        session.sparkContext.cancelJobGroup(tag)


def collect(frame: DataFrame) -> pa.Table:
    """Returns all rows.

    Spark sends Arrow from a thread of its own, whose jobs belong to no group and could not be cancelled.
    So the work is done first, on this thread, and what is sent is what it kept.
    """
    if is_remote(frame.sparkSession):
        return frame.toArrow()
    level = frame.storageLevel
    if level.useMemory or level.useDisk:
        frame.count()
        return frame.toArrow()
    frame.persist()
    try:
        frame.count()
        return frame.toArrow()
    finally:
        frame.unpersist()


def take(frame: DataFrame, rows: int) -> pa.Table:
    """Returns the first rows, by a job of this thread."""
    first = frame.limit(rows)
    if is_remote(frame.sparkSession):
        return first.toArrow()
    from pyspark.sql.conversion import LocalDataToArrowConversion

    rows = first.collect()
    if not rows:  # which the conversion does not take; there is nothing left to cancel
        return first.toArrow()
    convert: Any = LocalDataToArrowConversion.convert
    return convert(rows, frame.schema, False)
