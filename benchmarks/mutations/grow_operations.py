"""Transforms made of operations."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.mutations.expressions import Expressions, Scope
from benchmarks.mutations.project import Made
from benchmarks.mutations.sql import Sql
from benchmarks.mutations.tables import NAMES, Col, Columns

if TYPE_CHECKING:
    from benchmarks.mutations.grow import Grower

_SORTED = ("int", "float", "text", "date", "time", "bool")


def add(grower: Grower) -> None:
    """Adds a config_op transform of one to four operations."""
    rng, engine = grower.rng, grower.engine()
    key = grower.pick()
    columns = before = grower.read(key)
    chosen: list[tuple[str, Any]] = []
    names = rng.sample(list(_WAYS), rng.randint(1, 4))
    for name in names:
        made = _WAYS[name](rng, columns, engine, grower.words if engine != "spark" else {})
        if made is not None:
            argument, columns = made
            chosen.append((name, argument))
    if not chosen:
        chosen = [("limit", 100)]
    if rng.random() < 0.3:
        params: dict[str, Any] = {"operations": [{name: argument} for name, argument in chosen]}
    else:
        params = dict(chosen)
    local = rng.choice(["data", "in", "Größen"])
    fields = {
        "layer": "transform", "name": grower.name("shape"), "type": "config_op", "engine": engine,
        "params": params, "inputs": {local: key},
    }  # fmt: skip
    grower.put(Made(fields, "operations", inputs={local: before}), columns)


Way = Callable[[Random, Columns, str, dict[str, list[str]]], tuple[Any, Columns] | None]


def _select(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns]:
    kept = rng.sample(columns, rng.randint(max(1, len(columns) - 2), len(columns)))
    kept = kept if any(column.kind in _SORTED for column in kept) else list(columns)
    return [column.name for column in kept], tuple(kept)


def _drop(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns] | None:
    usable = [column for column in columns if column.kind in _SORTED]
    if len(columns) < 4 or len(usable) < 3:
        return None
    gone = rng.choice(columns)
    return gone.name, tuple(column for column in columns if column is not gone)


def _rename(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns] | None:
    old = rng.choice(columns)
    new = _free(rng, columns, old.kind)
    return {old.name: new}, tuple(Col(new, c.kind) if c is old else c for c in columns)


def _expression(
    rng: Random, columns: Columns, engine: str, words: dict[str, list[str]], kind: str | None
) -> tuple[str, str] | None:
    sql = Sql(engine)
    write = Expressions(rng, sql, Scope.of(columns), words)
    possible = write.possible()
    if not possible:
        return None
    made = kind or rng.choice(possible)
    if kind == "bool":
        write.condition()
    else:
        write.value(made, 2)
    return sql.text.strip(), made


def _filter(rng: Random, columns: Columns, engine: str, words: dict[str, list[str]]) -> Any:
    made = _expression(rng, columns, engine, words, "bool")
    return None if made is None else (made[0], columns)


def _derive(rng: Random, columns: Columns, engine: str, words: dict[str, list[str]]) -> Any:
    made = _expression(rng, columns, engine, words, None)
    if made is None:
        return None
    name = _free(rng, columns, made[1])
    return {name: made[0]}, (*columns, Col(name, made[1]))


def _cast(rng: Random, columns: Columns, engine: str, *_: Any) -> tuple[Any, Columns] | None:
    numeric = [column for column in columns if column.kind == "int"]
    if not numeric:
        return None
    column = rng.choice(numeric)
    kind, made = rng.choice([("double", "float"), ("string", "text"), ("int64", "int"), ("DOUBLE", "float")])
    return {column.name: kind}, tuple(Col(c.name, made) if c is column else c for c in columns)


def _fill(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns] | None:
    filled = [column for column in columns if column.kind in ("int", "text")]
    if not filled:
        return None
    column = rng.choice(filled)
    return {column.name: 0 if column.kind == "int" else "it's unknown"}, columns


def _sort(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns] | None:
    usable = [column.name for column in columns if column.kind in _SORTED]
    return (
        ([f"-{rng.choice(usable)}"] if rng.random() < 0.5 else rng.choice(usable), columns)
        if usable
        else None
    )


def _dedupe(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns] | None:
    usable = [column.name for column in columns if column.kind in _SORTED]
    return ([rng.choice(usable)], columns) if usable else None


def _limit(rng: Random, columns: Columns, *_: Any) -> tuple[Any, Columns]:
    return rng.randint(5, 100), columns


def _free(rng: Random, columns: Columns, kind: str) -> str:
    taken = {column.name.casefold() for column in columns}
    names = [*NAMES.get(kind, []), *(f"{kind}_{n}" for n in range(30))]
    return next(name for name in rng.sample(names, len(names)) if name.casefold() not in taken)


_WAYS: dict[str, Way] = {
    "select": _select, "drop": _drop, "rename": _rename, "filter": _filter, "derive": _derive, "cast": _cast,
    "fill": _fill, "sort": _sort, "dedupe": _dedupe, "limit": _limit,
}  # fmt: skip
