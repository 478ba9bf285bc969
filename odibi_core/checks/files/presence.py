"""Rules about files: what an ingest step reads is there, or will be."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.files.looking import may_exist
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.plan.reading import is_connected
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # one letter is a drive
_GLOB = frozenset("*?[")
_QUERY = re.compile(r"\s*(?:select|with|from)\s", re.IGNORECASE)
_LISTED = 5_000


def check_sources(pipeline: Pipeline, base_dir: Path, cwd: Path) -> Iterator[Diagnostic]:
    """Yields the ingest steps whose file does not exist, below `base_dir` or where it says."""
    written: set[str] = set()
    exists: dict[str, bool] = {}
    for step in pipeline.steps:
        if step.layer in ("store", "publish"):
            written.add(os.path.normpath(base_dir / step.value))
            continue
        if not reads_file(step):
            continue
        if not pipeline.is_known(step, "params") or not pipeline.is_known(step, "value"):
            continue
        try:
            path = os.path.normpath(base_dir / step.value)
            if path not in exists:
                exists[path] = may_exist(path)
            if exists[path] or _is_written(path, written):
                continue
        except ValueError:  # a null character: no file can have that name
            path = step.value
        yield missing_source(step, Path(path), base_dir, cwd)


def reads_file(step: Step) -> bool:
    """Whether a step reads one local file whose name is known now."""
    value = step.value
    return (
        step.layer == "ingest"
        and step.type == "config_op"
        and value.strip() != ""
        and "${" not in value
        and _GLOB.isdisjoint(value)
        and _SCHEME.match(value) is None
        and not is_connected(step)
    )


def _is_written(path: str, written: set[str]) -> bool:
    """Whether an earlier step of the pipeline writes the file, or a directory it is in."""
    return path in written or any(str(parent) in written for parent in Path(path).parents)


def missing_source(
    step: Step, path: Path, base_dir: Path, cwd: Path, *field: str | int, text: str | None = None
) -> Diagnostic:
    """Returns the diagnostic of a file that is not there.

    Args:
        step: The step that names it.
        path: Where it should be.
        base_dir: What relative paths are relative to.
        cwd: The current directory, where it may be instead.
        *field: The field that names it; its value if not given.
        text: What stands there; the step's value if not given.
    """
    field = field or ("value",)
    written = step.value if text is None else text
    suggestion = fix = None
    if not Path(written).is_absolute() and _is_in(cwd, written):
        help = "it exists in the current directory: use --base-dir ."
    elif _QUERY.match(written):
        help = "a query needs `type` sql, or a `connection` in `params`"
    else:
        wrong = _first_missing(path)
        close = nearest_name(wrong)
        known = None if close is None else _corrected(written, wrong.name, close, path, wrong)
        if close is not None and known is not None:
            suggestion = known
            help = f"a {'file' if wrong == path else 'directory'} `{close}` exists there"
            fix = replacement(step.origin, suggestion, *field, safe=False)
        elif wrong != path:
            shown = _below(wrong, base_dir)
            help = f"the directory `{shown}` does not exist either"
        elif Path(written).is_absolute():
            help = "correct the path"
        else:
            help = f"it was looked for in `{base_dir}`; --base-dir says where else"
    return codes.MISSING_SOURCE.found(
        f"the file `{one_line(written)}` does not exist", step=step.name, field=".".join(map(str, field)),
        span=place(step, *field, start=0), suggestion=suggestion, help=help, fix=fix,
    )  # fmt: skip


def _first_missing(path: Path) -> Path:
    """Returns the first part of a path that is not there: the file itself, or a directory above it."""
    for parent in reversed(path.parents):
        if not may_exist(parent):
            return parent
    return path


def _corrected(written: str, wrong: str, close: str, path: Path, missing: Path) -> str | None:
    """Returns a path as written with one of its names corrected; None where it stands there otherwise."""
    after = len(path.parts) - len(missing.parts)  # names behind the wrong one
    parts = written.split("/")
    if len(parts) <= after or parts[-1 - after] != wrong:
        return None
    parts[-1 - after] = close
    return "/".join(parts)


def _below(path: Path, base_dir: Path) -> str:
    try:
        return one_line(str(path.relative_to(base_dir)))
    except ValueError:
        return one_line(str(path))


def _is_in(directory: Path, name: str) -> bool:
    try:
        return (directory / name).exists()
    except (OSError, ValueError):
        return False


def nearest_name(path: Path) -> str | None:
    """Returns a name in the directory of the missing one that is nearly its name."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for _, entry in zip(range(_LISTED), entries, strict=False)]
    except (OSError, ValueError):
        return None
    return nearest(path.name, names)
