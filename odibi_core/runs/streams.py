"""What stands for sys.stdout, sys.stderr and logging inside a run: each line becomes a log event."""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from odibi_core.journal.events import Log
from odibi_core.runs.lines import LineBuffer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    Record = Callable[[Log], None]
    CurrentStep = Callable[[], str | None]

_LINE_BUFFERED = 1  # _IOLBF, in glibc, musl and BSD alike
STREAM_LEVELS = {"stdout": "info", "stderr": "warning"}


class StepStream(io.TextIOBase):
    """A text stream that records whole lines, each thread's by itself.

    What a thread has written without a newline is recorded when its step ends (`finish`), so lines of
    steps side by side are never mixed. `fileno` is that of the pipe behind it, for child processes.

    Args:
        name: stdout or stderr.
        descriptor: The pipe to the warden; also the way out while an event is being recorded.
        record: Takes the events.
        current_step: Says which step the calling thread works on.
        mask: Takes secrets out of text that must be cut.
    """

    encoding = "utf-8"
    errors = "replace"

    def __init__(
        self,
        name: str,
        descriptor: int,
        record: Record,
        current_step: CurrentStep,
        mask: Callable[[str], str] = str,
    ) -> None:
        self.name = f"<{name}>"
        self.mode = "w"
        self.buffer: BinaryIO = _Bytes(self)  # type: ignore[assignment]
        self._stream = name
        self._level = STREAM_LEVELS[name]
        self._descriptor = descriptor
        self._record = record
        self._current_step = current_step
        self._mask = mask
        self._lines: dict[tuple[int, str | None], LineBuffer] = {}
        self._inside = threading.local()

    @property
    def line_buffering(self) -> bool:
        """Whole lines are recorded at once."""
        return True

    def write(self, text: str) -> int:
        """Takes text; records the lines it completes."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if getattr(self._inside, "recording", False):
            # The journal's own code prints: let it pass through the pipe instead of coming here again.
            os.write(self._descriptor, text.encode("utf-8", "replace"))
            return len(text)
        step = self._current_step()
        key = (threading.get_ident(), step)
        lines = self._lines.get(key)
        if lines is None:
            lines = self._lines.setdefault(key, LineBuffer(self._mask))
        whole = lines.feed(text)
        if not len(lines):
            self._lines.pop(key, None)
        if whole:
            self._record_lines(whole, step)
        return len(text)

    def finish(self, step: str | None) -> None:
        """Records what was written in a step without a final newline."""
        for key in [key for key in self._lines if key[1] == step]:
            lines = self._lines.pop(key, None)
            if lines is not None:
                self._record_lines(lines.close(), step)

    def finish_all(self) -> None:
        """Records everything that is left."""
        for step in {key[1] for key in self._lines}:
            self.finish(step)

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def isatty(self) -> bool:
        """It is no terminal."""
        return False

    def fileno(self) -> int:
        """Returns the descriptor of the pipe to the warden."""
        return self._descriptor

    def reconfigure(self, **options: Any) -> None:
        """Accepts what a text file accepts; there is nothing to configure."""

    def close(self) -> None:
        """Stays open: closing a standard stream must not end the log."""

    def _record_lines(self, lines: list[str], step: str | None) -> None:
        self._inside.recording = True
        try:
            for line in lines:
                self._record(Log(message=line, level=self._level, step=step, stream=self._stream))
        finally:
            self._inside.recording = False


class _Bytes(io.RawIOBase):
    """The binary side of a `StepStream`."""

    def __init__(self, text: StepStream) -> None:
        self._text = text
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}

    def write(self, data: Any) -> int:
        raw = bytes(data)
        decoder = self._decoders.setdefault(
            threading.get_ident(), codecs.getincrementaldecoder("utf-8")("replace")
        )
        self._text.write(decoder.decode(raw))
        return len(raw)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._text.fileno()

    def close(self) -> None:
        pass


class StrayLogHandler(logging.Handler):
    """Records what is logged outside the steps' own threads; the orchestrator listens to those itself.

    Args:
        record: Takes the events.
        current_step: Says which step a line belongs to, if that can be known.
        has_owner: Whether the calling thread is a step's own.
    """

    def __init__(self, record: Record, current_step: CurrentStep, has_owner: Callable[[], bool]) -> None:
        super().__init__()
        self._record = record
        self._current_step = current_step
        self._has_owner = has_owner
        self._inside = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Records a logging record; several lines become as many events."""
        if self._has_owner() or getattr(self._inside, "recording", False):
            return
        self._inside.recording = True
        try:
            level = level_name(record.levelno)
            step = self._current_step()
            for line in self._text(record).split("\n"):
                self._record(Log(message=line, level=level, step=step))
        finally:
            self._inside.recording = False

    def _text(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except Exception as error:  # noqa: BLE001 - a caller's wrong format must not end the run
            text = f"{record.msg} (its arguments do not fit: {error})"
        if record.name not in ("root", "py.warnings"):
            text = f"{record.name}: {text}"
        if record.exc_info and record.exc_info[1] is not None:
            text += "\n" + "".join(traceback.format_exception(record.exc_info[1])).rstrip()
        return text.rstrip("\n")


def level_name(number: int) -> str:
    """Returns the name a log event has for a logging level."""
    for limit, name in (
        (logging.DEBUG, "debug"),
        (logging.INFO, "info"),
        (logging.WARNING, "warning"),
        (logging.ERROR, "error"),
    ):
        if number <= limit:
            return name
    return "critical"


def redirect(
    record: Record,
    current_step: CurrentStep,
    has_owner: Callable[[], bool],
    mask: Callable[[str], str] = str,
) -> tuple[StepStream, StepStream]:
    """Puts the streams and the logging handler in place, for the rest of the process."""
    out = StepStream("stdout", 1, record, current_step, mask)
    err = StepStream("stderr", 2, record, current_step, mask)
    # The originals carry what C code and the interpreter itself write, through the pipes.
    sys.__stdout__ = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.__stderr__ = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout, sys.stderr = out, err
    buffer_c_lines()
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(StrayLogHandler(record, current_step, has_owner))
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    return out, err


def buffer_c_lines() -> None:
    """Makes C's stdout give each line away at once, as on a terminal, so that a crash loses none.

    Into a pipe it would collect 4 KB first, and a run ends without flushing it.
    """
    import ctypes

    library = ctypes.CDLL(None)
    try:
        stream = ctypes.c_void_p.in_dll(library, "__stdoutp" if sys.platform == "darwin" else "stdout")
    except ValueError:  # a C library that names it otherwise
        return
    library.setvbuf(stream, None, _LINE_BUFFERED, 0)
