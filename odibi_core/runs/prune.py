"""Pruning: which past runs, or kept results of theirs, go, and removing them; nothing else is touched."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from odibi_core.errors import OdibiError, RunError
from odibi_core.runs.holding import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from odibi_core.journal.layout import RunPaths
    from odibi_core.runs.store import RunStore, RunSummary

_DATA = re.compile(r"\.?\d{4,}\.(preview|full|index|profile)\.(parquet|json)(\.tmp)?")
_KEPT = re.compile(r"\.?\d{4,}\.(full|index)\.parquet(\.tmp)?")
_OWN = ("events.jsonl", "config.json", "cancel")
_LIVE = ("running", "unknown")

_UNITS_OF_TIME = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_UNITS_OF_SIZE = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True)
class PrunePolicy:
    """What goes. A run that is not over, or that another program wrote, never does.

    Attributes:
        keep_last: The newest so many of each pipeline stay; alone, all others go.
        older_than: Runs that began longer ago go.
        max_size: The oldest go until what stays takes no more bytes.
        kept_only: Only kept results go; journals, logs and previews stay.
    """

    keep_last: int | None = None
    older_than: timedelta | None = None
    max_size: int | None = None
    kept_only: bool = False


@dataclass(frozen=True)
class PruneItem:
    """A run that goes, or of which kept results go.

    Attributes:
        summary: The run.
        reason: Why.
        bytes: What that frees on the disk; a file that a later run shares frees nothing.
    """

    summary: RunSummary
    reason: str
    bytes: int


def plan_prune(store: RunStore, policy: PrunePolicy, now: datetime) -> list[PruneItem]:
    """Returns what would go, the oldest first.

    Raises:
        RunLogError: The log directory cannot be listed.
    """
    candidates = [summary for summary in store.runs() if _may_go(summary)]
    seen: set[tuple[int, int]] = set()
    per_pipeline: dict[str, int] = {}
    items: list[PruneItem] = []
    total = 0
    for summary in candidates:  # newest first: what two runs share counts for the newer one
        size = _new_bytes(_files(store.paths(summary.run_id), kept_only=policy.kept_only), seen)
        rank = per_pipeline.get(summary.pipeline, 0)
        per_pipeline[summary.pipeline] = rank + 1
        reason = _reason(summary, policy, rank, total + size, now)
        if reason is None:
            total += size
        elif size or not policy.kept_only:
            items.append(PruneItem(summary, reason, size))
    return items[::-1]


def prune(store: RunStore, item: PruneItem, *, kept_only: bool = False) -> None:
    """Removes a run, or its kept results.

    What else somebody put into the run's directory stays there, and the directory with it.

    Raises:
        RunError: It lives again, or a file cannot be removed.
    """
    paths = store.paths(item.summary.run_id)
    try:
        with held(paths):
            for file in _files(paths, kept_only=kept_only):
                file.unlink(missing_ok=True)
            if not kept_only:
                _remove_directory(paths)
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"cannot remove `{error.filename}`: {error.strerror or error}") from error
    store.forget(item.summary.run_id)


def _files(paths: RunPaths, *, kept_only: bool) -> list[Path]:
    """Returns the files that a run of ours has written, in the order they are removed: the log last."""
    pattern = _KEPT if kept_only else _DATA
    found = [path for path in _inside(paths.data) if pattern.fullmatch(path.name)]
    if kept_only:
        return found
    return [*found, *(paths.directory / name for name in _OWN), paths.final_log]


def _inside(directory: Path) -> Iterator[Path]:
    if directory.is_symlink():
        return
    try:
        yield from sorted(path for path in directory.iterdir() if not path.is_dir() or path.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return


def _remove_directory(paths: RunPaths) -> None:
    """Removes a run's directory unless somebody put something else into it, which stays where it is."""
    for directory in (paths.data, paths.directory):
        try:
            if not directory.is_symlink():
                directory.rmdir()
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return
            raise


def _new_bytes(files: Sequence[Path], seen: set[tuple[int, int]]) -> int:
    """Returns the size of files that are not in `seen` yet, and adds them; names of one file count once."""
    total = 0
    for path in files:
        try:
            status = path.lstat()
        except OSError:
            continue
        at = (status.st_dev, status.st_ino)
        if at not in seen:
            seen.add(at)
            total += status.st_size
    return total


def parse_age(text: str) -> timedelta:
    """Returns how long `30d`, `12h`, `45m` or `2w` is.

    Raises:
        OdibiError: It is not of that form.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([mhdw])\s*", text)
    if match is None:
        raise OdibiError(f"`{text}` is not a length of time", help="write `30d`, `12h`, `45m` or `2w`")
    return timedelta(seconds=float(match[1]) * _UNITS_OF_TIME[match[2]])


def parse_size(text: str) -> int:
    """Returns how many bytes `5GB`, `300 MB` or `1.5TB` is.

    Raises:
        OdibiError: It is not of that form.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", text, re.IGNORECASE)
    if match is None:
        raise OdibiError(f"`{text}` is not a size", help="write `5GB`, `300MB` or a number of bytes")
    return int(float(match[1]) * _UNITS_OF_SIZE[match[2].upper()])


def _may_go(summary: RunSummary) -> bool:
    return summary.problem is None and not summary.foreign and summary.state not in _LIVE


def _reason(summary: RunSummary, policy: PrunePolicy, rank: int, total: int, now: datetime) -> str | None:
    if policy.keep_last is not None and rank < policy.keep_last:
        return None
    age = now - summary.started if summary.started is not None else None
    if policy.older_than is not None and age is not None and age > policy.older_than:
        return f"older than {_told_age(policy.older_than)}"
    if policy.max_size is not None and total > policy.max_size:
        return f"beyond {told_size(policy.max_size)}"
    if policy.older_than is None and policy.max_size is None:
        if policy.keep_last is not None:
            return f"not among the last {policy.keep_last} of `{summary.pipeline}`"
        return "kept results of all runs go"
    return None


def _told_age(age: timedelta) -> str:
    seconds = age.total_seconds()
    unit = next((u for u in ("w", "d", "h") if seconds % _UNITS_OF_TIME[u] == 0 and seconds), "m")
    return f"{seconds / _UNITS_OF_TIME[unit]:g} {unit}"


def told_size(size: int) -> str:
    """Returns a number of bytes as people write it: `5 GB`."""
    unit = next((u for u in ("T", "G", "M", "K") if size >= _UNITS_OF_SIZE[u]), "")
    return f"{size / _UNITS_OF_SIZE[unit]:.3g} {unit}B"
