"""Ctrl+C during a run: the first asks it to end cleanly, the second ends it where it stands."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Keyboard:
    """Whether the person pressed Ctrl+C.

    A KeyboardInterrupt could be raised in the middle of recording an event. So while a run lasts the signal
    only asks for its end; it is raised when the run has ended. Where somebody else handles the signal, or
    on another thread than the main one, nothing is changed.
    """

    def __init__(self) -> None:
        self.pressed = False

    @contextmanager
    def cancels(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Calls `cancel` at the first Ctrl+C inside the `with`."""
        is_ours = threading.current_thread() is threading.main_thread()
        if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def press(number: int, frame: FrameType | None) -> None:
            if self.pressed:
                signal.default_int_handler(number, frame)
            self.pressed = True
            cancel()

        signal.signal(signal.SIGINT, press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
