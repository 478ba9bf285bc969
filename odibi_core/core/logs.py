"""What Python's `logging` says inside a step becomes lines of that step's log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from odibi_core.core import events

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

    def emit(self, record: logging.LogRecord) -> None:
        """Records the message, and the traceback where there is one, line by line."""
        current = self._tracker.current_step()
        if current is None:
            return
        try:
            text = self.format(record)
            if record.name not in ("root", "py.warnings"):
                text = f"{record.name}: {text}"
            for line in text.splitlines():
                if record.name == events.__name__:
                    # That a listener failed is not told to listeners: it may be theirs of `log`.
                    self._tracker.log(line, level=record.levelname.lower())
                else:
                    self._reporter.log(self._steps.get(current[0]), line, record.levelname.lower())
        except Exception:  # noqa: BLE001 - as in every logging handler: said on stderr, never raised
            self.handleError(record)

    def __enter__(self) -> StepLogHandler:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger().removeHandler(self)
