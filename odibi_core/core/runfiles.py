"""RunFiles: a run's beginning and end on disk: journal, config, final log, and the file that cancels it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.core.failures import error_info
from odibi_core.core.options import key_columns
from odibi_core.errors import JournalError
from odibi_core.journal.events import StepInfo
from odibi_core.journal.values import json_value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from odibi_core.core.node import Step
    from odibi_core.core.settings import RunSettings
    from odibi_core.core.tracker import Tracker
    from odibi_core.journal.events import ErrorInfo, RunEnd
    from odibi_core.plan.graph import Graph


class RunFiles:
    """Opens and closes what a run leaves behind; the events in between are the tracker's."""

    def __init__(
        self,
        tracker: Tracker,
        steps: Sequence[Step],
        settings: RunSettings,
        graph: Graph,
        base_dir: Path | None,
    ) -> None:
        self._tracker = tracker
        self._steps = steps
        self._settings = settings
        self._graph = graph
        self._base_dir = base_dir
        self._syncer: _Syncer | None = None
        self._pipeline = settings.pipeline or "pipeline"

    def open(self) -> None:
        """Opens the journal, unless the tracker brings an open one, and begins the run."""
        tracker, settings = self._tracker, self._settings
        self._pipeline = settings.pipeline or tracker.named or "pipeline"
        if not tracker.has_journal:
            tracker.open_journal()
        paths = tracker.paths
        if paths is not None:
            try:
                paths.config.write_bytes(self._config())
            except OSError as error:
                raise JournalError(f"cannot write `{paths.config}`: {error.strerror or error}") from error
        tracker.begin(
            self._pipeline,
            steps=step_infos(self._steps, self._graph),
            source=settings.source,
            digest=settings.digest,
            base_dir=str(self._base_dir) if self._base_dir is not None else None,
            options=settings.as_dict(),
        )
        self._syncer = _Syncer(tracker)

    def step_ended(self) -> None:
        """Lets the journal be synced soon."""
        if self._syncer is not None:
            self._syncer.wake()

    def cancel_requested(self) -> bool:
        """Whether somebody put the cancel file into the run's directory."""
        paths = self._tracker.paths
        return self._syncer is not None and paths is not None and paths.cancel_file.exists()

    def finish(self, state: RunEnd, *, error: ErrorInfo | None, reason: str | None) -> None:
        """Ends the run, writes its final log and closes its journal."""
        self._stop_syncing()
        self._tracker.finish(state, error=error, reason=reason)
        self._tracker.sync()
        self._tracker.save()
        self._tracker.close_journal()

    def abandon(self, error: BaseException) -> None:
        """Ends a run that could not be carried through, as far as the disk lets it."""
        self._stop_syncing()
        try:
            if self._tracker.view.is_live:
                state: RunEnd = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
                self._tracker.finish(state, error=error_info(error))
            self._tracker.save()
        except (JournalError, OSError) as second:
            error.add_note(f"the run could not be recorded to its end: {second}")
        finally:
            self._tracker.close_journal()

    def _stop_syncing(self) -> None:
        if self._syncer is not None:
            self._syncer.stop()
            self._syncer = None

    def _config(self) -> bytes:
        steps = [{name: getattr(step, name) for name in _FIELDS} for step in self._steps]
        document: dict[str, Any] = {
            "pipeline": self._pipeline,
            "source": self._settings.source,
            "digest": self._settings.digest,
            "steps": steps,
        }
        return msgspec.json.format(msgspec.json.encode(json_value(document)), indent=2) + b"\n"


def step_infos(steps: Sequence[Step], graph: Graph) -> tuple[StepInfo, ...]:
    """Returns what a run's first event says of its steps."""
    return tuple(_info(step, graph) for step in steps)


def _info(step: Step, graph: Graph) -> StepInfo:
    return StepInfo(
        name=step.name,
        layer=step.layer,
        type=step.type,
        engine=step.engine,
        value=step.value,
        inputs=dict(step.inputs),
        outputs=dict(step.outputs),
        needs=tuple(graph.needs[step.name]),
        key=key_columns(step) or (),  # one that is not in its form is refused when the step starts
    )


_FIELDS = ("layer", "name", "type", "engine", "value", "params", "inputs", "outputs", "metadata")


class _Syncer:
    """Syncs the journal on a thread of its own: no step waits for the disk, and many share one sync."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="odibi-sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Asks for a sync."""
        self._wake.set()

    def stop(self) -> None:
        """Ends the thread; the last sync is the caller's, who sees whether it works."""
        self._stopped = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopped:
                return
            try:
                self._tracker.sync()
            except JournalError:
                return  # the next append, or the sync at the end, fails where it is seen
