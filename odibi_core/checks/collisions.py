"""Rules about steps that meet in a file or table: written by two, or read without waiting for the write."""

from __future__ import annotations

import fnmatch
import os.path
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from odibi_core.checks.codes import graph_codes
from odibi_core.checks.pipeline import place
from odibi_core.diagnostics import Related
from odibi_core.formats.registry import DATABASE_SUFFIXES, database_kind
from odibi_core.plan.reading import MODE, QUERY, TABLE, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.world import World
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_WEB = re.compile(r"https?://", re.IGNORECASE)
_IS_QUERY = re.compile(r"\s*(?:\(|(?:select|with|from|values)\s)", re.IGNORECASE)
_GLOB = frozenset("*?[")
_DATABASE_SUFFIXES = tuple(DATABASE_SUFFIXES)
_MODES = {"replace": "overwrite", "fail": "error"}
_JUDGED = ("layer", "type", "value", "params", "inputs", "outputs")


class Spot(NamedTuple):
    """A file or a table, as far as the config says which.

    Attributes:
        container: The database (its file, URL or connection), empty for files.
        name: The path of the file, or the name of the table in lower case.
    """

    container: str
    name: str


@dataclass(frozen=True, slots=True)
class _Use:
    step: Step
    spot: Spot
    field: tuple[str, ...]
    mode: str = "overwrite"


def check_collisions(pipeline: Pipeline, world: World) -> Iterator[Diagnostic]:
    """Yields targets that two steps write, and sources read without waiting for the step that writes them."""
    base = str(world.base_dir.absolute())
    gaps = pipeline.gaps.fields
    opened = {
        step.name: _normal(step.value, base)
        for step in pipeline.steps
        if step.layer == "connect" and step.value and not step.value.isspace()
    }
    written: dict[Spot, list[_Use]] = {}
    for step in pipeline.steps:
        if step.layer in ("store", "publish"):
            spot, field = spot_of(step, base, opened)
            if spot is not None and not (gaps and _is_unknown(step, pipeline)):
                written.setdefault(spot, []).append(_Use(step, spot, field, _mode(step)))
    if not written:
        return
    for uses in written.values():
        if len(uses) > 1:
            yield from _written_twice(uses, pipeline)
    folders = {os.path.dirname(spot.name) for spot in written if not spot.container}  # noqa: PTH120 - texts
    for step in pipeline.steps:
        if step.layer != "ingest":
            continue
        spot, field = spot_of(step, base, opened)
        if spot is None or (gaps and _is_unknown(step, pipeline)):
            continue
        writers = written.get(spot)
        if writers is None and not spot.container:
            writers = _writers_below(spot, written, folders)
        if writers:
            yield from _read_unordered(_Use(step, spot, field), writers, pipeline)


def spot_of(step: Step, base: str, opened: Mapping[str, str]) -> tuple[Spot | None, tuple[str, ...]]:
    """Returns the file or table that a step reads or writes, and the field that names it.

    `opened` says which database each connection is of.

    None where the config does not say: functions, endpoints and queries. Placeholders stay as written, so
    two texts with the same ones name the same file.
    """
    value, params = step.value, step.params
    if step.type not in ("config_op", "sql") or (step.type == "sql" and step.layer == "ingest"):
        return None, ()
    named = spelled(params, TABLE) if params else None
    table = None if named is None else params[named]
    where = (params.get("connection") or params.get("connection_string")) if params else None
    if where is not None:
        name, field = (value, ("value",)) if named is None else (table, ("params", named))
        if spelled(params, QUERY) is not None or not isinstance(name, str):
            return None, ()
        if not name.strip() or _IS_QUERY.match(name):
            return None, ()
        schema = params.get("schema")
        name = f"{schema}.{name}" if isinstance(schema, str) and schema else name
        return Spot(opened.get(str(where), str(where)), name.strip().casefold()), field
    if not value or value.isspace() or _WEB.match(value):
        return None, ()
    path = _normal(value, base)
    if _is_database(value, params):
        if named is None or spelled(params, QUERY) is not None or not isinstance(table, str):
            return None, ()
        return Spot(path, table.casefold()), ("params", named)
    return Spot("", path), ("value",)


def _is_unknown(step: Step, pipeline: Pipeline) -> bool:
    return not all(pipeline.is_known(step, field) for field in _JUDGED)


def _normal(value: str, base: str) -> str:
    """Returns a path relative to the base, if it is below it, as all ways to write it are written."""
    if "://" in value:
        return value
    if value[0] == "/" or "//" in value or "./" in value or value[-1] in "/.":
        value = os.path.normpath(value)
        if base and value.startswith(f"{base}{os.sep}"):
            return value[len(base) + 1 :]
    return value


def _is_database(value: str, params: dict[str, Any]) -> bool:
    named = params.get("format") if params else None
    if named is None and "://" not in value:
        return value.lower().endswith(_DATABASE_SUFFIXES)  # the quick answer for nearly all
    return database_kind(value, named) is not None


def _mode(step: Step) -> str:
    named = spelled(step.params, MODE) if step.params else None
    mode = None if named is None else step.params[named]
    return "overwrite" if mode is None else _MODES.get(str(mode), str(mode))


def _written_twice(uses: Sequence[_Use], pipeline: Pipeline) -> Iterator[Diagnostic]:
    for number, use in enumerate(uses[1:], 1):
        before = next((other for other in uses[:number] if _collide(other, use, pipeline)), None)
        if before is None:
            continue
        first, last = before, use
        if before.step.name in pipeline.graph.descendants(use.step.name):
            first, last = use, before
        ordered = last.step.name in pipeline.graph.descendants(first.step.name)
        if last.mode == "error" and (ordered or first.mode == "error"):
            named = spelled(last.step.params, MODE) or "mode"
            written = last.step.params[named]
            help = f"its `{named}` is {written}, which refuses what exists: write elsewhere"
        elif ordered:
            help = f"what `{first.step.name}` wrote is replaced: write elsewhere, or append"
        else:
            help = "neither waits for the other, so which is left is chance: write elsewhere"
        spot = _as_written(use)
        yield graph_codes.WRITTEN_TWICE.found(
            f"`{before.step.name}` writes {spot} as well", step=use.step.name, field=".".join(use.field),
            span=place(use.step, *use.field, start=0), help=help,
            related=(
                Related("the other one", before.step.name, place(before.step, *before.field, start=0)),
            ),
        )  # fmt: skip


def _collide(one: _Use, other: _Use, pipeline: Pipeline) -> bool:
    """Whether two writes of one target do each other harm."""
    if "${" in one.mode or "${" in other.mode:
        return False
    graph = pipeline.graph
    if other.step.name in graph.descendants(one.step.name):
        return other.mode != "append"
    if one.step.name in graph.descendants(other.step.name):
        return one.mode != "append"
    # Rows are appended to a table in a transaction; to a file by writing it anew with what it held.
    return not (one.mode == other.mode == "append" and one.spot.container)


def _writers_below(spot: Spot, written: dict[Spot, list[_Use]], folders: set[str]) -> list[_Use]:
    """Returns the writes of files that a pattern or a directory reads."""
    if not _GLOB.isdisjoint(spot.name):
        pattern = re.compile(fnmatch.translate(spot.name))
        return [
            use
            for other, uses in written.items()
            if not other.container
            and pattern.match(other.name)
            and ("**" in spot.name or other.name.count("/") == spot.name.count("/"))
            for use in uses
        ]
    if spot.name not in folders:
        return []
    return [
        use
        for other, uses in written.items()
        if not other.container and os.path.dirname(other.name) == spot.name  # noqa: PTH120 - texts
        for use in uses
    ]


def _read_unordered(read: _Use, writers: Sequence[_Use], pipeline: Pipeline) -> Iterator[Diagnostic]:
    graph, name = pipeline.graph, read.step.name
    for writer in writers:
        # A pipeline that writes anew what it has read is well ordered.
        if name in graph.descendants(writer.step.name) or writer.step.name in graph.descendants(name):
            continue
        yield graph_codes.READ_UNORDERED.found(
            f"`{name}` does not wait for `{writer.step.name}`, which writes {_as_written(writer)}",
            step=name, field=".".join(read.field), span=place(read.step, *read.field, start=0),
            help=_how_to_wait(writer.step),
            related=(
                Related("it is written here", writer.step.name, place(writer.step, *writer.field, start=0)),
            ),
        )  # fmt: skip
        return


def _how_to_wait(writer: Step) -> str:
    written = next(iter(writer.outputs.values()), None)
    if written is not None:
        return f'let it wait: "inputs": {{"after": "{written}"}}'
    return (
        f'let it wait: give `{writer.name}` an output, "outputs": {{"data": "written"}}, and this step an '
        'input, "inputs": {"after": "written"}'
    )


def _as_written(use: _Use) -> str:
    value: Any = use.step.value if use.field == ("value",) else use.step.params[use.field[-1]]
    return f"the table `{value}`" if use.spot.container else f"`{value}`"
