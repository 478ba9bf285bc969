"""Compressed files by suffix or name: gzip, bz2, xz and zstd, for reading and writing."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from odibi_core.errors import StepOptionError
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIXES = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
_NAMES = {
    "gzip": "gzip",
    "gz": "gzip",
    "bz2": "bz2",
    "bzip2": "bz2",
    "xz": "xz",
    "zstd": "zstd",
    "zst": "zstd",
}


def compression_of(path: str | Path, option: Any = "infer") -> str | None:
    """Returns how a file is compressed: `gzip`, `bz2`, `xz`, `zstd` or None.

    Args:
        path: The file; its suffix decides where `option` is `infer`.
        option: pandas' `compression`: `infer`, a name, None, or a mapping with `method`.

    Raises:
        StepOptionError: There is no such compression.
    """
    if isinstance(option, dict):
        option = option.get("method", "infer")
    if option is None or option in ("none", "uncompressed"):
        return None
    if option == "infer":
        return SUFFIXES.get(Path(path).suffix.lower())
    name = _NAMES.get(str(option).lower())
    if name is None:
        known = ", ".join(f"`{known}`" for known in ("gzip", "bz2", "xz", "zstd"))
        close = nearest(str(option), _NAMES)
        raise StepOptionError(
            f"unknown compression `{one_line(str(option))}`; known are {known}",
            field="params",
            help=f"did you mean `{close}`" if close else None,
        )
    return name


def opened(path: str | Path, mode: str, compression: str | None, level: int | None = None) -> IO[bytes]:
    """Opens a file for binary reading (`rb`), writing (`wb`) or appending (`ab`) through its compression."""
    if compression is None:
        return cast("IO[bytes]", Path(path).open(mode))
    if compression == "gzip":
        import gzip

        return cast("IO[bytes]", gzip.open(path, mode, compresslevel=6 if level is None else level))
    if compression == "bz2":
        import bz2

        return cast("IO[bytes]", bz2.open(path, mode, compresslevel=9 if level is None else level))
    if compression == "xz":
        import lzma

        return cast("IO[bytes]", lzma.open(path, mode, preset=None if mode == "rb" else level))
    return _zstd(path, mode, level)


def _zstd(path: str | Path, mode: str, level: int | None) -> IO[bytes]:
    import pyarrow as pa

    if mode == "rb":
        return cast("IO[bytes]", pa.input_stream(str(path), compression="zstd"))
    sink = cast("IO[bytes]", Path(path).open(mode))  # noqa: SIM115  # _Closing closes it
    codec: Any = "zstd" if level is None else pa.Codec("zstd", compression_level=level)
    return cast("IO[bytes]", _Closing(sink, pa.CompressedOutputStream(pa.PythonFile(sink, "w"), codec)))


class _Closing:
    """A compressed stream that closes the file below it as well."""

    def __init__(self, sink: IO[bytes], stream: Any) -> None:
        self._sink = sink
        self._stream = stream

    closed = property(lambda self: self._sink.closed)

    def write(self, data: bytes) -> int:
        self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        """Does nothing: a zstd frame ends when it is closed."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        if not self._sink.closed:
            try:
                self._stream.close()
            finally:
                self._sink.close()

    def __enter__(self) -> _Closing:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def is_damage(error: BaseException) -> bool:
    """Whether an error of reading means that the compressed data are not what they should be."""
    import lzma
    import zlib

    if isinstance(error, EOFError | zlib.error | lzma.LZMAError):
        return True
    return isinstance(error, OSError) and error.errno is None  # gzip, bz2 and Arrow say it so


def level_of(options: Mapping[str, Any]) -> int | None:
    """Returns the level a pandas `compression` mapping asks for, if any."""
    compression = options.get("compression")
    if not isinstance(compression, dict):
        return None
    level = compression.get("level", compression.get("compresslevel"))
    return int(level) if level is not None else None
