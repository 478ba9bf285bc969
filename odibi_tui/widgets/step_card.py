"""StepCard: what the selected step reads and gives, with the columns that the check, or a run, has shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.text import one_line
from odibi_tui import format as fmt
from odibi_tui.widgets.lines import Line, Part, fit, paint

if TYPE_CHECKING:
    from textual.strip import Strip

    from odibi_core.core.node import Step
    from odibi_core.journal.record import SnapshotRecord
    from odibi_tui.session import Session

_NAMES_SHOWN = 6


class StepCard(Line):
    """Two lines, `reads` and `gives`, under the source."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.ascii_only = fmt.wants_ascii()

    def render_line(self, y: int) -> Strip:
        """Draws one of the two lines."""
        step = self.session.step()
        parts: list[Part] = []
        if step is not None:
            parts = self._reads(step) if y == 0 else self._gives(step)
        more = fmt.sign("more", ascii_only=self.ascii_only)
        return paint(self, fit(parts, self.size.width, more), self.size.width)

    def _reads(self, step: Step) -> list[Part]:
        parts: list[Part] = [(" reads  ", "muted")]
        if not step.inputs:
            return [*parts, (step.value or "nothing", "" if step.value else "muted")]
        graph = self.session.graph
        for local, key in step.inputs.items():
            producer = graph.producers.get(key) if graph is not None else None
            parts.append((f"{key}  ", "strong"))
            if local != key:
                parts.append((f"as {local}  ", "muted"))
            if producer is None:
                parts.append(("no step outputs it  ", "error"))
            else:
                parts += self._columns(key, self._after(producer, key))
        return parts

    def _gives(self, step: Step) -> list[Part]:
        parts: list[Part] = [(" gives  ", "muted")]
        if not step.outputs:
            return [*parts, (step.value or "nothing", "" if step.value else "muted")]
        broken = any(d.is_error for d in self.session.problems_of(step.name))
        for key in step.outputs.values():
            parts.append((f"{key}  ", "strong"))
            if broken:
                parts.append(("unknown until the error is mended  ", "muted"))
            else:
                parts += self._columns(key, self._after(step.name, key))
        return parts

    def _after(self, step_name: str, key: str) -> SnapshotRecord | None:
        record = self.session.record
        known = record.step(step_name) if record is not None else None
        if known is None or known.after is None or known.after.dataset not in (None, key):
            return None
        return known.after

    def _columns(self, key: str, snapshot: SnapshotRecord | None) -> list[Part]:
        """Rows as the run had them; columns as the check knows them now, else as the run had them."""
        schema = self.session.schemas.get(key)
        if schema is None and snapshot is None:
            return []
        had = [column.name for column in snapshot.columns] if snapshot is not None else []
        names = list(schema.names) if schema is not None else had
        rest = len(names) - _NAMES_SHOWN
        told = ", ".join(map(one_line, names[:_NAMES_SHOWN])) + (f", +{rest}" if rest > 0 else "")
        parts: list[Part] = []
        if snapshot is not None:
            shape = fmt.shape(snapshot.rows, len(had), ascii_only=self.ascii_only)
            parts.append((f"{shape}  ", "number"))
        return [*parts, (f"{told}  ", "muted")]
