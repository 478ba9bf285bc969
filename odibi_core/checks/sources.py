"""Rules about files: what an ingest step reads is there, or will be."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # one letter is a drive
_GLOB = frozenset("*?[")
_READS_ELSEWHERE = frozenset({"connection", "connection_string"})
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
        if not reads_file(step) or not pipeline.is_known(step, "params"):
            continue
        try:
            path = os.path.normpath(base_dir / step.value)
            if path not in exists:
                exists[path] = _is_there(path)
            if exists[path] or _is_written(path, written):
                continue
        except ValueError:  # a null character: no file can have that name
            path = step.value
        yield _missing(step, Path(path), base_dir, cwd)


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
        and _READS_ELSEWHERE.isdisjoint(step.params)
    )


def _is_there(path: str) -> bool:
    """Whether the file exists, or cannot be looked for."""
    try:
        os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 steps costs more than the call
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # no right to look, or a name too long to exist; the run will say
        return True
    return True


def _is_written(path: str, written: set[str]) -> bool:
    """Whether an earlier step of the pipeline writes the file, or a directory it is in."""
    return path in written or any(str(parent) in written for parent in Path(path).parents)


def _missing(step: Step, path: Path, base_dir: Path, cwd: Path) -> Diagnostic:
    suggestion = fix = None
    if not Path(step.value).is_absolute() and _is_in(cwd, step.value):
        help = "it exists in the current directory: use --base-dir ."
    elif _QUERY.match(step.value):
        help = "a query needs `type` sql, or a `connection` in `params`"
    else:
        close = _nearest_file(path)
        if close is not None:
            suggestion = step.value[: len(step.value) - len(path.name)] + close
            help = f"a file `{close}` exists there"
            fix = replacement(step.origin, suggestion, "value", safe=False)
        elif Path(step.value).is_absolute():
            help = "correct the path"
        else:
            help = f"it was looked for in `{base_dir}`; --base-dir says where else"
    return codes.MISSING_SOURCE.found(
        f"the file `{step.value}` does not exist", step=step.name, field="value",
        span=place(step, "value", start=0), suggestion=suggestion, help=help, fix=fix,
    )  # fmt: skip


def _is_in(directory: Path, name: str) -> bool:
    try:
        return (directory / name).exists()
    except (OSError, ValueError):
        return False


def _nearest_file(path: Path) -> str | None:
    """Returns the name of a file beside the missing one that is nearly its name."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for _, entry in zip(range(_LISTED), entries, strict=False)]
    except (OSError, ValueError):
        return None
    return nearest(path.name, names)
