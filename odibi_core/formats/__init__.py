"""File formats and databases: one reader and one writer each, found by name or suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.formats.atomic import parse_mode
from odibi_core.formats.registry import (
    database_kind,
    find_format,
    format_names,
    formats,
    known_suffixes,
)
from odibi_core.formats.sources import File, find_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from odibi_core.formats.base import Frame

__all__ = [
    "File",
    "database_kind",
    "find_files",
    "find_format",
    "format_names",
    "formats",
    "known_suffixes",
    "parse_mode",
    "read_source",
    "write_target",
]


def read_source(
    source: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path]
) -> Frame:
    """Reads the file or files that `source` names, one below the other.

    Args:
        source: A path, pattern, directory or URL.
        params: `format`, and the reader's options by pandas' names.
        resolve: Makes a path absolute.

    Returns:
        A pandas frame or an Arrow table, whichever the reader makes.

    Raises:
        FileNotFoundError: Nothing is there.
        FormatError: The format is not known or the file is not in it.
        StepOptionError: The reader does not take an option.
    """
    from odibi_core.formats.arrow import concatenate

    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    options = fmt.checked(options, fmt.read_options(), "reader")
    frames = [fmt.read(file, dict(options)) for file in find_files(source, fmt, resolve)]
    whole: Any = concatenate(frames)
    nrows = options.get("nrows")
    if nrows is None or len(frames) == 1:
        return whole
    first: Frame = whole.head(int(nrows)) if hasattr(whole, "iloc") else whole.slice(0, int(nrows))
    return first


def write_target(
    frame: Frame, target: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path]
) -> Path:
    """Writes a pandas frame or Arrow table to a file, whole or not at all; returns its path.

    Args:
        frame: What to write.
        target: A path.
        params: `format`, `mode`, and the writer's options by pandas' names.
        resolve: Makes a path absolute.

    Raises:
        TargetExistsError: The target exists and `mode` is `error`.
        FormatError: The format is not known or cannot hold the frame.
        StepOptionError: The writer does not take an option.
    """
    options = dict(params)
    fmt = find_format(target, options.pop("format", None))
    mode = parse_mode(options.pop("mode", "overwrite"))
    options = fmt.checked(options, fmt.write_options(), "writer")
    path = resolve(target)
    fmt.store(frame, path, mode, options)
    return path
