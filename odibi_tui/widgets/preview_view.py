"""PreviewView: a look at what the selected step gave in the run on screen, without leaving Pipeline mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from odibi_tui import format as fmt
from odibi_tui.session import Change
from odibi_tui.widgets.lines import LineView, Part
from odibi_tui.widgets.sample_table import sample_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import Resize

    from odibi_core.journal.record import RunRecord, StepRecord
    from odibi_tui.session import Session


class PreviewView(LineView):
    """The sample rows of the step's result; all rows kept are in Data mode, on `3`."""

    has_cursor: ClassVar[bool] = False

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.ascii_only = fmt.wants_ascii()
        self.made: list[list[Part]] = []
        self._shown: object = None

    def session_changed(self, change: Change) -> None:
        """Shows the selected step's sample."""
        if change & (Change.RUN | Change.SELECTION | Change.DOCUMENT):
            self.lay_out()

    def on_resize(self, event: Resize) -> None:
        """Fills the new width."""
        self.lay_out()

    def lay_out(self) -> None:
        """Makes the rows: the sample, or what to press to get one."""
        record, name = self.session.record, self.session.selected
        known = record.step(name) if record is not None and name is not None else None
        if name is None:
            self.made = [[(" no step is selected", "muted")]]
        elif known is None or record is None:
            self.made = [
                [],
                [(f" {name}", "strong"), (" has not run yet", "muted")],
                [],
                [(" r", "key"), ("  runs the pipeline and keeps a preview of every step's data", "muted")],
                [(" 4", "key"), ("  shows past runs; opening one fills this place from it", "muted")],
            ]
        else:
            self.made = self._of_run(record, known)
        self.set_rows(len(self.made))

    def _of_run(self, record: RunRecord, known: StepRecord) -> list[list[Part]]:
        snapshot = known.after or known.before
        state = known.state
        head: list[Part] = [
            (f" {fmt.glyph(state, ascii_only=self.ascii_only)} {state}", fmt.tone(state)),
            (f"   {record.run_id}", "muted"),
        ]
        if known.error is not None:
            head.append((f"   {known.error.type}: {known.error.message}", "error"))
        if snapshot is None:
            return [head, [], [(" this run shows no data of it", "muted")]]
        which = "what it gave" if known.after is not None else "what it was given"
        counted = fmt.shape(snapshot.rows, len(snapshot.columns), ascii_only=self.ascii_only)
        head.append((f"   {which}  {counted}", ""))
        if not snapshot.sample:
            return [head, [], [(" no rows", "muted")]]
        table = sample_rows(snapshot.columns, snapshot.sample, ascii_only=self.ascii_only)
        shown = len(snapshot.sample)
        tail: list[Part] = [
            (f" {fmt.plural(shown, 'row')} of {fmt.count(snapshot.rows)}   ", "muted"),
            ("3", "key"), ("  all that is kept, before, after and what changed", "muted"),
        ]  # fmt: skip
        return [head, [], *table, [], tail]

    def row(self, y: int, width: int) -> Sequence[Part]:
        """One row as made."""
        return self.made[y]
