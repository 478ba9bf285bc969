"""From what a step calls its source to the files to read: globs, directories, nearest names."""

from __future__ import annotations

import glob
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from odibi_core.errors import FormatError, SourceNotFoundError
from odibi_core.formats.bounded import bounded
from odibi_core.formats.compression import opened
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from odibi_core.formats.base import Format

_URL_SCHEMES = ("http", "https", "s3", "gs", "gcs", "az", "abfs", "abfss", "hdfs", "ftp")


@dataclass(frozen=True)
class File:
    """A file to read: where it is, and what the person called it.

    Attributes:
        path: Where it is; a string is a URL.
        label: What messages call it.
        most: How many of its bytes, decompressed, may be read; None for all.
    """

    path: Path | str
    label: str
    most: int | None = None

    @property
    def is_url(self) -> bool:
        """Whether it is a URL rather than a file here."""
        return isinstance(self.path, str)

    def open(self, compression: str | None) -> IO[bytes]:
        """Opens it for reading through its compression.

        What is read from it raises `TooLongError` where it may not be read so far.
        """
        stream = opened(self.path, "rb", compression)
        return stream if self.most is None else bounded(stream, self.most)


def is_url(source: str | Path) -> bool:
    """Whether `source` is a URL of a kind that readers fetch."""
    if not isinstance(source, str):
        return False
    try:
        return urlsplit(source).scheme.lower() in _URL_SCHEMES
    except ValueError:  # `//a]b/`: no host can be called so
        return False


def is_pattern(source: str | Path) -> bool:
    """Whether `source` has wildcards."""
    return glob.has_magic(str(source))


def name_of(source: str | Path) -> str:
    """Returns the file name part of a path or URL, which the suffix is read from."""
    return PurePosixPath(urlsplit(str(source)).path).name if is_url(source) else Path(source).name


def find_files(source: str | Path, fmt: Format, resolve: Callable[[str | Path], Path]) -> list[File]:
    """Returns the files that `source` names, sorted by name where it names several.

    A name that exists is taken as it is, even with `[` in it; else wildcards (`*`, `?`, `[a-z]`, `**`)
    are tried. Of a directory, all files with the format's suffixes are read, hidden ones left out.

    Raises:
        FileNotFoundError: Nothing is there; the error has the nearest name that is.
        FormatError: It is neither a file nor a directory, or a directory without such files.
    """
    if is_url(source):
        return [File(str(source), str(source))]
    label = str(source)
    if not label.strip():
        raise FormatError(
            "the source is empty", help="name a file, or give `connection` and `table` or `query`"
        )
    if "\0" in label:
        raise FormatError(f"`{one_line(label)}` is not a path: it holds a null character")
    path = resolve(source)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if is_pattern(label):
            return _matches(path, label)
        raise missing(path, label) from None
    except OSError as error:  # a name too long, a loop of links, a directory that may not be entered
        raise FormatError(f"`{one_line(label)}` cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(found.st_mode):
        return _inside(path, label, fmt)
    return [File(path, label)]


def missing(path: Path, label: str) -> SourceNotFoundError:
    """Returns the error for a path that is not there, with the nearest name in its directory."""
    parent = path.parent
    shown = one_line(label)
    if not parent.is_dir():
        return SourceNotFoundError(
            f"`{shown}` does not exist", help=f"the directory `{one_line(str(parent))}` does not exist either"
        )
    names = [entry.name for entry in parent.iterdir()]
    close = nearest(path.name, names)
    where = f"looked in `{one_line(str(parent))}`"
    return SourceNotFoundError(
        f"`{shown}` does not exist", help=f"`{one_line(close)}` is there; {where}" if close else where
    )


def _matches(path: Path, label: str) -> list[File]:
    found = sorted(Path(match) for match in glob.iglob(str(path), recursive=True))  # noqa: PTH207  # any anchor
    files = [File(match, str(match)) for match in found if match.is_file()]
    if not files:
        raise SourceNotFoundError(
            f"no file matches `{one_line(label)}`", help=f"looked for `{one_line(str(path))}`"
        )
    return files


def _inside(path: Path, label: str, fmt: Format) -> list[File]:
    from odibi_core.formats.registry import suffix_of

    files = [
        File(entry, str(entry))
        for entry in sorted(path.rglob("*"))
        if entry.is_file()
        and not any(part.startswith((".", "_")) for part in entry.relative_to(path).parts)
        and suffix_of(entry.name) in fmt.suffixes
    ]
    if not files:
        raise FormatError(
            f"`{one_line(label)}` is a directory without {fmt.name} files",
            help=f"they end in {', '.join(f'`{suffix}`' for suffix in fmt.suffixes)}",
        )
    return files
