"""The board: a few words of memory that a run and its warden share, so that neither must ask the other."""

from __future__ import annotations

import mmap
import struct
from typing import get_args

from odibi_core.journal.events import RunEnd

_NOBODY = 0
_SEVERAL = 0xFFFFFFFF
_WORD = struct.Struct("=I")
_ENDS: tuple[RunEnd, ...] = get_args(RunEnd)
_READING, _READY, _BEGUN, _FINISHED, _RUNNING = 0, 4, 8, 12, 16


class Board:
    """Shared over a fork; each word has one writer, and a word is written in one move.

    The run writes whether it can be asked to end, whether its journal has begun and ended, and which
    step runs; the warden writes whether it is in the middle of recording what came through the pipes.
    """

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def running(self) -> int | None:
        """Index of the only step that runs; None when none or several do."""
        word = self._read(_RUNNING)
        return None if word in (_NOBODY, _SEVERAL) else word - 1

    def show_running(self, steps: set[int]) -> None:
        """Shows which steps run now."""
        word = _NOBODY if not steps else next(iter(steps)) + 1 if len(steps) == 1 else _SEVERAL
        self._write(_RUNNING, word)

    @property
    def ready(self) -> bool:
        """Whether the run has come so far that asking it to end makes sense."""
        return bool(self._read(_READY))

    def show_ready(self) -> None:
        """Shows that the run can be asked to end."""
        self._write(_READY, 1)

    @property
    def begun(self) -> bool:
        """Whether the run has written its first event."""
        return bool(self._read(_BEGUN))

    def show_begun(self) -> None:
        """Shows that the run has written its first event."""
        self._write(_BEGUN, 1)

    @property
    def end(self) -> RunEnd | None:
        """How the run ended, once it has written its last event and its log."""
        word = self._read(_FINISHED)
        return _ENDS[word - 1] if word else None

    def show_end(self, state: RunEnd) -> None:
        """Shows that the run has written its last event and its log."""
        self._write(_FINISHED, _ENDS.index(state) + 1)

    @property
    def reading(self) -> bool:
        """Whether the warden holds output that is not in the journal yet."""
        return bool(self._read(_READING))

    def show_reading(self, reading: bool) -> None:
        """Shows whether the warden holds output that is not in the journal yet."""
        self._write(_READING, int(reading))

    def _read(self, offset: int) -> int:
        word: int = _WORD.unpack_from(self._map, offset)[0]
        return word

    def _write(self, offset: int, word: int) -> None:
        _WORD.pack_into(self._map, offset, word)
