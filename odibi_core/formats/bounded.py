"""Streams that give up after so many bytes: for looking at the start of a file of any size or shape."""

from __future__ import annotations

import io
from typing import IO, Any, cast


class TooLongError(Exception):
    """A look at a file would need more of it than may be read."""


class _Bounded(io.RawIOBase):
    """The first bytes of a stream; asking for more raises."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        if self._left <= 0 and len(view):
            raise TooLongError
        data = self._stream.read(min(len(view), self._left))
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def bounded(stream: IO[bytes], most: int) -> IO[bytes]:
    """Returns a stream of the first `most` bytes of another; reading on raises `TooLongError`.

    Closing it closes the other.
    """
    raw: Any = _Bounded(stream, most)
    return cast("IO[bytes]", io.BufferedReader(raw))
