"""Profiles: asks DuckDB for the statistics of a relation's columns, whichever engine the data is of."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from odibi_core.engine.profile_known import WORTH_ROWS
from odibi_core.engine.profile_sql import FEW_VALUES, ProfiledColumn, Told
from odibi_core.errors import ProfileError
from odibi_core.formats.arrow_structs import whole_structs
from odibi_core.journal.profile import ColumnProfile, Histogram, Profile, TopValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from odibi_core.engine.profile_known import KnownColumns
    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.profile import Basis

SAMPLE_ROWS = 20_000
_SAMPLE_BLOCK = 100  # rows side by side in a sample: picking them singly takes twice as long
_AT_ONCE = 40  # columns a query; the time to plan one grows faster than its length


def sample_blocks(rows: int) -> list[int]:
    """Returns where the blocks of a sample begin: one at random in each part of equal size.

    The same number of rows gives the same places, so that two runs over the same data agree.
    """
    parts = SAMPLE_ROWS // _SAMPLE_BLOCK
    chance, size = random.Random(rows), rows // parts
    return [part * size + chance.randrange(max(1, size - _SAMPLE_BLOCK)) for part in range(parts)]


def sample_of(table: str, rows: int) -> str:
    """Returns a query of a sample of a table that was made in one go, without reading the rest."""
    places = ", ".join(f"({place})" for place in sample_blocks(rows))
    wanted = f"SELECT unnest(range(a, a + {_SAMPLE_BLOCK})) FROM (VALUES {places}) AS places(a)"
    return f"SELECT * FROM {table} WHERE rowid IN ({wanted})"


def sample_rows(rows: int) -> list[int]:
    """Returns the positions of the rows of a sample."""
    return [place + row for place in sample_blocks(rows) for row in range(_SAMPLE_BLOCK)]


def profile_arrow(
    table: pa.Table,
    columns: Sequence[ColumnInfo] | None = None,
    *,
    rows: int | None = None,
    basis: Basis = "all",
    nulls: Mapping[int, int] | None = None,
    cursor: duckdb.DuckDBPyConnection | None = None,
    known: KnownColumns | None = None,
) -> Profile:
    """Returns the profile of an Arrow table; other arguments as of `profile_relation`.

    Raises:
        duckdb.Error: DuckDB cannot tell; `InterruptException` where it was interrupted.
        ProfileError: The same, without a `cursor`.
    """
    import duckdb

    from odibi_core.journal.events import ColumnInfo

    if columns is None:
        from odibi_core.formats.arrow import type_name

        columns = [ColumnInfo(field.name, type_name(field.type)) for field in table.schema]
    if not table.num_columns:
        return Profile(table.num_rows, table.num_rows, basis)
    if cursor is None:
        try:
            with duckdb.connect() as own:
                own.execute("SET TimeZone = 'UTC'")
                return profile_arrow(table, columns, rows=rows, basis=basis, nulls=nulls, cursor=own)
        except duckdb.Error as error:
            raise ProfileError(f"the columns cannot be profiled: {error}") from error
    # Names of our own: Arrow has columns of the same name, and of names that differ in case only.
    table = _fit(table.rename_columns([f"c{i}" for i in range(table.num_columns)]), cursor)
    name = f"odibi_profile_{id(table):x}"
    cursor.register(name, whole_structs(table))
    try:
        return profile_relation(cursor, name, columns, rows=rows, basis=basis, nulls=nulls, known=known)
    finally:
        cursor.unregister(name)


def profile_relation(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    columns: Sequence[ColumnInfo],
    *,
    rows: int | None = None,
    basis: Basis = "all",
    nulls: Mapping[int, int] | None = None,
    sample: str | None = None,
    known: KnownColumns | None = None,
) -> Profile:
    """Returns the profile of a relation.

    Args:
        cursor: Where to ask.
        source: The relation's name, as SQL takes it.
        columns: Names and types to tell, in the order of the relation's columns.
        rows: All rows of the dataset; None means those of the relation.
        basis: What the relation's rows are of the dataset's.
        nulls: By the column's place, the nulls among all rows, where the relation is a sample.
        sample: A relation with a sample of the rows: quantiles are then estimated, and values that are
            frequent in it are the ones that are counted where there are very many different ones.
        known: Columns that have been profiled; of what is among them nothing is asked again.

    Raises:
        duckdb.Error: DuckDB cannot tell.
    """
    relation = cursor.sql(f"FROM {source}")
    asked = [
        ProfiledColumn(name, str(dtype)) for name, dtype in zip(relation.columns, relation.types, strict=True)
    ]
    looked_at = int(cursor.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])
    profiled: list[ColumnProfile] = []
    for start in range(0, len(asked), _AT_ONCE):
        part, infos = asked[start : start + _AT_ONCE], columns[start : start + _AT_ONCE]
        if known is None or looked_at < WORTH_ROWS:
            profiled += _profiled(cursor, source, part, infos, looked_at, sample)
        else:
            profiled += _profiled_anew(cursor, source, part, infos, looked_at, sample, known)
    if nulls:
        import msgspec

        for place, number in nulls.items():
            profiled[place] = msgspec.structs.replace(profiled[place], nulls=number, whole=("nulls",))
    return Profile(looked_at if rows is None else rows, looked_at, basis, tuple(profiled))


def _profiled_anew(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    asked: Sequence[ProfiledColumn],
    columns: Sequence[ColumnInfo],
    rows: int,
    sample: str | None,
    known: KnownColumns,
) -> list[ColumnProfile]:
    """Profiles the columns whose content is not known, and remembers them."""
    prints = known.prints(cursor, source, asked, rows, estimate=sample is not None)
    found = [known.find(print_, info) for print_, info in zip(prints, columns, strict=True)]
    new = [i for i, profile in enumerate(found) if profile is None]
    if new:
        profiles = _profiled(cursor, source, [asked[i] for i in new], [columns[i] for i in new], rows, sample)
        for i, profile in zip(new, profiles, strict=True):
            known.add(prints[i], profile)
            found[i] = profile
    return [profile for profile in found if profile is not None]


def _profiled(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    asked: Sequence[ProfiledColumn],
    columns: Sequence[ColumnInfo],
    rows: int,
    sample: str | None,
) -> list[ColumnProfile]:
    wanted = [text for column in asked for text in column.aggregates(estimate=sample is not None)]
    answers = cursor.execute(f"SELECT {', '.join(wanted)} FROM {source}").fetchall()[0]
    width = len(Told._fields)
    told = [Told(*answers[i * width : (i + 1) * width]) for i in range(len(asked))]
    histograms = _histograms(cursor, source, asked, told)
    tops, counted = _tops(cursor, source, asked, told, sample)
    return [
        _column(info, column, rows, facts, histogram, top, distinct)
        for info, column, facts, histogram, top, distinct in zip(
            columns, asked, told, histograms, tops, counted, strict=True
        )
    ]


def _histograms(
    cursor: duckdb.DuckDBPyConnection, source: str, asked: Sequence[ProfiledColumn], told: Sequence[Told]
) -> list[Histogram | None]:
    found: list[Histogram | None] = [None] * len(asked)
    places: dict[int, tuple[float, ...]] = {}
    for i, (column, facts) in enumerate(zip(asked, told, strict=True)):
        if facts.first is not None and facts.last is not None:
            edges = column.edges(facts.first, facts.last)
            if edges:
                places[i] = edges
    if not places:
        return found
    wanted = ", ".join(asked[i].histogram(edges) for i, edges in places.items())
    answers = cursor.execute(f"SELECT {wanted} FROM {source}").fetchall()[0]
    for (i, edges), counts in zip(places.items(), answers, strict=True):
        try:
            shown = tuple(map(asked[i].shown_edge, edges))
        except OverflowError:  # years that Python does not have
            continue
        if len(edges) == 1:
            found[i] = Histogram(shown * 2, tuple(counts[:1]))
        else:  # the first edge itself belongs to the first bin
            found[i] = Histogram(shown, (counts[0] + counts[1], *counts[2 : len(edges)]))
    return found


def _tops(
    cursor: duckdb.DuckDBPyConnection,
    source: str,
    asked: Sequence[ProfiledColumn],
    told: Sequence[Told],
    sample: str | None,
) -> tuple[list[tuple[TopValue, ...]], list[int | None]]:
    """Returns the frequent values of each column, and the number of different ones where it was counted."""
    values: list[list[TopValue]] = [[] for _ in asked]
    counted: list[int | None] = [None] * len(asked)
    queries = []
    for i, (column, facts) in enumerate(zip(asked, told, strict=True)):
        if column.has_top and facts.there:
            many = (facts.distinct or 0) > FEW_VALUES
            among = sample if many else None
            queries.append(column.top(source, number=i, among=among, count=not many))
            if many and sample is None:
                counted[i] = facts.there  # until a value turns up that is there twice
    if not queries:
        return [() for _ in asked], counted
    for i, text, number, distinct in cursor.execute(" UNION ALL ".join(queries)).fetchall():
        values[i].append(TopValue(asked[i].shown(text), number))
        counted[i] = distinct
    return [tuple(found) if found and found[0].count > 1 else () for found in values], counted


def _column(
    info: ColumnInfo,
    column: ProfiledColumn,
    rows: int,
    told: Told,
    histogram: Histogram | None,
    top: tuple[TopValue, ...],
    counted: int | None,
) -> ColumnProfile:
    mean = told.mean if told.mean is not None and math.isfinite(told.mean) else None
    return ColumnProfile(
        name=info.name,
        type=info.type,
        kind=column.kind,
        nulls=rows - told.there,
        not_finite=told.odd,
        distinct=_distinct(told, counted),
        distinct_exact=counted is not None or not told.there,
        min=column.shown(told.min),
        max=column.shown(told.max),
        mean=mean,
        quantiles=tuple(column.shown(value) for value in told.quantiles or ()),
        top=top,
        histogram=histogram,
    )


def _distinct(told: Told, counted: int | None) -> int | None:
    if counted is not None:
        return counted
    if not told.there:
        return 0
    # An estimate may say that there are more different values than values.
    return None if told.distinct is None else min(told.distinct, told.there)


def _fit(table: pa.Table, cursor: duckdb.DuckDBPyConnection) -> pa.Table:
    """Returns a table that DuckDB can read; of a column that it cannot, only what is there or not."""
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        cursor.from_arrow(table.slice(0, 0)).types  # noqa: B018 - asking is what may fail
    except duckdb.Error:
        pass
    else:
        return table
    for i, field in enumerate(table.schema):
        try:
            cursor.from_arrow(table.select([i]).slice(0, 0)).types  # noqa: B018
        except duckdb.Error:
            column = table.column(i)
            if pa.types.is_float16(field.type) or pa.types.is_decimal256(field.type):
                fitting: Any = column.cast(pa.float64())
            else:
                there = pc.if_else(column.is_valid(), b"", pa.scalar(None, pa.binary()))
                fitting = there
            table = table.set_column(i, field.name, fitting)
    return table
