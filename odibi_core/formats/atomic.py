"""Writing a file whole or not at all: to a temporary neighbour first, then in one move."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from typing import TYPE_CHECKING, Literal

from odibi_core.errors import FormatError, StepOptionError, TargetExistsError
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Mode = Literal["overwrite", "append", "error"]
MODES: tuple[Mode, ...] = ("overwrite", "append", "error")


def parse_mode(value: object) -> Mode:
    """Returns a write mode by its name.

    Raises:
        StepOptionError: There is no such mode.
    """
    for mode in MODES:
        if value == mode:
            return mode
    close = nearest(str(value), MODES)
    raise StepOptionError(
        f"unknown mode `{one_line(str(value))}`; the modes are `overwrite`, `append` and `error`",
        field="params",
        help=f"did you mean `{close}`" if close else None,
    )


@contextlib.contextmanager
def replacing(target: Path, mode: Mode = "overwrite") -> Iterator[Path]:
    """Yields a path to write to; what stands there at the end becomes `target` in one move.

    Missing parent directories are made. After an exception `target` is what it was. The temporary path
    is a hidden file (or directory) beside the target with the target's suffixes, so that writers that
    look at the suffix see the right one. Links are followed: the file a link names is replaced.

    Args:
        target: What to write.
        mode: `error` refuses a target that exists, also one that came to exist meanwhile.

    Raises:
        TargetExistsError: The target exists and `mode` is `error`.
        FormatError: The target is a directory or its parent is not one.
    """
    final = target.resolve()
    check_target(final, mode)
    if final.exists() and not final.is_file():
        yield final  # a device or a pipe: there is nothing to replace
        return
    _make_parents(final)
    temporary = final.with_name(f".{secrets.token_hex(6)}.tmp.{final.name[-60:]}")
    try:
        yield temporary
        _sync(temporary)
        if final.exists():
            shutil.copymode(final, temporary)
        _move(temporary, final, mode)
    finally:
        _discard(temporary)
    _sync(final.parent)


@contextlib.contextmanager
def replacing_directory(target: Path, mode: Mode = "overwrite") -> Iterator[Path]:
    """Yields a directory to fill; it becomes `target` by a rename when the block ends well.

    Where a directory (or file) stands in the way it is moved aside first and moved back if the second
    rename fails; a reader sees the old one, for an instant none, or the new one, never half of one.
    """
    final = target.resolve()
    if mode == "error" and final.exists():
        raise _exists(final)
    _make_parents(final)
    token = secrets.token_hex(6)
    temporary = final.with_name(f".{token}.tmp.{final.name[-60:]}")
    aside = final.with_name(f".{token}.old.{final.name[-60:]}")
    try:
        yield temporary
        if final.exists():
            final.rename(aside)
            try:
                temporary.rename(final)
            except OSError:
                aside.rename(final)
                raise
        else:
            temporary.rename(final)
    finally:
        _discard(temporary)
        _discard(aside)
    _sync(final.parent)


def check_target(target: Path, mode: Mode) -> None:
    """Raises if `target` cannot be written in `mode`, before any work is done."""
    try:
        found = target.stat()
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise FormatError(f"cannot write `{target}`: a part of its path is a file") from error
    if stat.S_ISDIR(found.st_mode):
        raise FormatError(f"cannot write `{target}`: it is a directory", help="name a file in it")
    if mode == "error":
        raise _exists(target)


def _exists(target: Path) -> TargetExistsError:
    return TargetExistsError(
        f"`{target}` exists and `mode` is `error`", help="use `overwrite` or `append`, or another target"
    )


def _make_parents(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise FormatError(f"cannot write `{target}`: a part of its path is a file") from error


def _move(temporary: Path, final: Path, mode: Mode) -> None:
    if mode != "error":
        temporary.replace(final)
        return
    try:
        final.hardlink_to(temporary)  # refuses where a rename would replace
    except FileExistsError:
        raise _exists(final) from None
    except OSError:  # a file system without hard links
        if final.exists():
            raise _exists(final) from None
        temporary.replace(final)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # a directory cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
