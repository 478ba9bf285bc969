"""What Python's `logging` says inside a step becomes lines of that step's log."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from odibi_core.core.node import Step
    from odibi_core.core.reporter import Reporter
    from odibi_core.core.tracker import Tracker


class StepLogHandler(logging.Handler):
    """Listens at the root logger while a run lasts; what belongs to no step of the run is let pass."""

    def __init__(self, tracker: Tracker, reporter: Reporter, steps: dict[str, Step]) -> None:
        super().__init__()
        self._tracker = tracker
        self._reporter = reporter
        self._steps = steps
        self._inside = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Records the message, and the traceback where there is one, line by line."""
        current = self._tracker.current_step()
        # A listener of `log` that raises is logged, which would call it again, and so on.
        if current is None or getattr(self._inside, "busy", False):
            return
        self._inside.busy = True
        try:
            text = self.format(record)
            if record.name not in ("root", "py.warnings"):
                text = f"{record.name}: {text}"
            for line in text.splitlines():
                self._reporter.log(self._steps.get(current[0]), line, record.levelname.lower())
        except Exception:  # noqa: BLE001 - as in every logging handler: said on stderr, never raised
            self.handleError(record)
        finally:
            self._inside.busy = False

    def __enter__(self) -> StepLogHandler:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger().removeHandler(self)
