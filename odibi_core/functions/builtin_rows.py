"""Built-in functions that look at rows as a whole: `dedupe`, `upsert`, `expect`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ExpectationError, ParamError, StepOptionError
from odibi_core.functions.builtin_sql import Names, Table, choose, listed
from odibi_core.functions.registry import builtin_function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.engine.base_context import EngineContext


@builtin_function("dedupe")
def dedupe(
    data: Any,
    keys: Names | None = None,
    order_by: Names | None = None,
    keep: str = "first",
    *,
    context: EngineContext,
) -> Any:
    """Keeps one row for each key; the rows that stay keep their order.

    Args:
        data: The frame.
        keys: Columns that make a key; all columns if left out.
        order_by: Columns that say which row is first; the order of the rows decides where they are equal or
            left out. Null counts as neither first nor last while there is another row.
        keep: `first` or `last`, such as `last` with `order_by: updated_at` for the newest version.
        context: Handed in.
    """
    table = Table(context, data)
    last = choose(keep, ("first", "last"), "keep") == "last"
    columns = table.pick(order_by, "order_by") if order_by is not None else []
    row, rank = table.spare("odibi_row"), table.spare("odibi_rank")
    direction = "DESC" if last else "ASC"
    order = ", ".join(
        [f"{table.quote(name)} {direction} NULLS LAST" for name in columns] + [f"{row} {direction}"]
    )
    return table.query(
        f"SELECT {table.commas(table.columns)} FROM ("
        f"SELECT *, row_number() {table.over(table.pick(keys, 'keys'), order)} AS {rank} FROM ("
        f"SELECT *, {table.row_order()} AS {row} FROM {table.sql}) AS numbered) AS ranked "
        f"WHERE {rank} = 1 ORDER BY {row}"
    )


@builtin_function("upsert")
def upsert(current: Any, changes: Any, keys: Names, *, context: EngineContext) -> Any:
    """Returns `current` with the rows of `changes`: those with a known key replace, the others are added.

    Args:
        current: The frame as it was.
        changes: New versions of rows, with the same columns in any order.
        keys: Columns that make a key.
        context: Handed in.
    """
    old, new = Table(context, current, "current"), Table(context, changes, "changes")
    picked = old.pick(keys, "keys")
    new.pick(picked, "keys")
    for missing, has, lacks in (
        ([name for name in old.columns if name not in new.columns], "current", "changes"),
        ([name for name in new.columns if name not in old.columns], "changes", "current"),
    ):
        if missing:
            raise ParamError(f"`{lacks}` lacks {listed(missing)}, which `{has}` has", path=("inputs", lacks))
    repeated = f"SELECT 1 AS one FROM {new.sql} GROUP BY {new.commas(picked)} HAVING count(*) > 1"
    twice = new.rows(f"SELECT count(*) AS n FROM ({repeated}) AS d")[0]["n"]
    if twice:
        raise StepOptionError(
            f"{twice:,} keys stand in `changes` more than once",
            field="params.keys",
            help="keep one row for each key first, with `dedupe`",
        )
    same = " AND ".join(f"c.{old.quote(name)} IS NOT DISTINCT FROM o.{old.quote(name)}" for name in picked)
    return old.query(
        f"SELECT {old.commas(old.columns, 'o.')} FROM {old.sql} AS o "
        f"WHERE NOT EXISTS (SELECT 1 FROM {new.sql} AS c WHERE {same}) "
        f"UNION ALL SELECT {old.commas(old.columns)} FROM {new.sql}"
    )


@builtin_function("expect")
def expect(
    data: Any,
    not_null: Names | None = None,
    unique: Names | None = None,
    between: Mapping[str, Sequence[Any]] | None = None,
    one_of: Mapping[str, Sequence[Any]] | None = None,
    matches: Mapping[str, str] | None = None,
    min_rows: int | None = None,
    max_rows: int | None = None,
    *,
    context: EngineContext,
) -> Any:
    """Returns the frame as it is, or fails with every expectation it does not meet, and by how many rows.

    Null meets `between`, `one_of` and `matches`; `not_null` is there to refuse it.

    Args:
        data: The frame.
        not_null: Columns without null.
        unique: Columns that together name a row.
        between: Column -> [lowest, highest]; null for no limit.
        one_of: Column -> the values it may have.
        matches: Column -> a regular expression that is found in its text.
        min_rows: The least number of rows.
        max_rows: The greatest.
        context: Handed in.
    """
    for field, count in (("min_rows", min_rows), ("max_rows", max_rows)):
        if count is not None and not isinstance(count, (int, float)):
            raise ParamError(f"`{field}` is a number of rows, not `{count}`", path=("params", field))
    by_column: dict[str, Any] = {"between": between, "one_of": one_of, "matches": matches}
    for field, columns in by_column.items():
        if columns and not isinstance(columns, Mapping):
            raise ParamError(f"`{field}` is an object with a column each", path=("params", field))
    table = Table(context, data)
    wrong = _conditions(table, not_null, between, one_of, matches)
    counts = ", ".join(
        ["count(*) AS n"]
        + [f"coalesce(sum(CASE WHEN {sql} THEN 1 ELSE 0 END), 0) AS c{i}" for i, (sql, _) in enumerate(wrong)]
    )
    found = table.rows(f"SELECT {counts} FROM {table.sql}")[0]
    problems = [f"{found[f'c{i}']:,} rows {text}" for i, (_, text) in enumerate(wrong) if found[f"c{i}"]]
    if unique is not None:
        names = table.commas(table.pick(unique, "unique"))
        distinct = table.rows(f"SELECT count(*) AS n FROM (SELECT DISTINCT {names} FROM {table.sql}) AS d")[
            0
        ]["n"]
        if distinct != found["n"]:
            columns = listed(table.pick(unique, "unique"))
            problems.append(f"{found['n'] - distinct:,} rows repeat {columns}")
    if min_rows is not None and found["n"] < min_rows:
        problems.append(f"{found['n']:,} rows are fewer than {min_rows:,}")
    if max_rows is not None and found["n"] > max_rows:
        problems.append(f"{found['n']:,} rows are more than {max_rows:,}")
    if problems:
        raise ExpectationError("the data is not as expected: " + "; ".join(problems))
    return data


def _conditions(
    table: Table,
    not_null: Names | None,
    between: Mapping[str, Sequence[Any]] | None,
    one_of: Mapping[str, Sequence[Any]] | None,
    matches: Mapping[str, str] | None,
) -> list[tuple[str, str]]:
    """Returns a condition that wrong rows meet, and what to say about them, for each expectation."""
    found: list[tuple[str, str]] = []
    if not_null is not None:
        found += [
            (f"{table.quote(name)} IS NULL", f"have no `{name}`") for name in table.pick(not_null, "not_null")
        ]
    for name in table.pick(between, "between") if between else []:
        limits = (between or {})[name]
        if not _is_listed(limits) or len(limits) != 2:
            raise ParamError(
                f"`between` of `{name}` is not [lowest, highest]", path=("params", "between", name)
            )
        for limit, sign, word in zip(limits, "<>", ("below", "above"), strict=True):
            if limit is not None:
                sql = f"{table.quote(name)} {sign} {table.literal(limit, 'between')}"
                found.append((sql, f"have a `{name}` {word} {limit}"))
    for name in table.pick(one_of, "one_of") if one_of else []:
        accepted = (one_of or {})[name]
        if not _is_listed(accepted):
            raise ParamError(
                f"`one_of` of `{name}` is no list of values",
                help=f'write ["{accepted}"]' if isinstance(accepted, str) else None,
                path=("params", "one_of", name),
            )  # fmt: skip
        values = ", ".join(table.literal(value, "one_of") for value in accepted)
        if not values:
            raise ParamError(f"`one_of` of `{name}` has no values", path=("params", "one_of", name))
        found.append((f"{table.quote(name)} NOT IN ({values})", f"have another `{name}`"))
    for name in table.pick(matches, "matches") if matches else []:
        pattern = (matches or {})[name]
        found.append(
            (f"NOT ({table.matches(name, pattern)})", f"have a `{name}` that does not match `{pattern}`")
        )
    return found


def _is_listed(values: Any) -> bool:
    """Whether these are several values: a text would be taken as its letters, an object as its keys."""
    return isinstance(values, Collection) and not isinstance(values, str | bytes | Mapping)
