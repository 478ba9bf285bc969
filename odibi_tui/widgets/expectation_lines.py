"""What was expected of a step's data and whether it was so: as lines of a card, and whole as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.text import one_line
from odibi_tui import format as fmt
from odibi_tui.widgets.lines import Part, fit, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from odibi_core.journal.record import ExpectationRecord, StepRecord

_SHOWN = 3


def expectation_rows(step: StepRecord, width: int, *, ascii_only: bool) -> list[Sequence[Part]]:
    """Returns a line for each expectation that is not met, and one that counts the others."""
    unmet = step.unmet
    rows: list[Sequence[Part]] = []
    key: list[Part] = [("enter", "key"), (" rows " if any(e.sample for e in unmet) else " all ", "muted")]
    for expectation in unmet[:_SHOWN]:
        left = [("   ", ""), *_head(expectation, ascii_only), (f"  {_found(expectation)}", "")]
        rows.append(spread(left, key if not rows and step.error is None else [], width))
    told = []
    if len(unmet) > _SHOWN:
        told.append(f"{len(unmet) - _SHOWN} more not met")
    met = len(step.expectations) - len(unmet)
    if met:
        told.append(f"{fmt.plural(met, 'expectation')} met")
    if told:
        sign = fmt.glyph("success" if met else "warning", ascii_only=ascii_only)
        rows.append(fit([(f"   {sign} ", "muted"), (", ".join(told), "muted")], width))
    return rows


def expectation_text(step: StepRecord) -> str:
    """Returns all that is known of a step's expectations, with the rows that are not as expected."""
    lines = []
    for expectation in step.expectations:
        said = "met" if expectation.passed else f"not met ({expectation.severity}): {_found(expectation)}"
        lines.append(f"{one_line(expectation.name)}: {said}")
        for row in expectation.sample:
            cells = "  ".join(f"{one_line(str(k))}={one_line(str(v))}" for k, v in row.items())
            lines.append(f"    {cells}")
        hidden = (expectation.failing or 0) - len(expectation.sample)
        if expectation.sample and hidden > 0:
            lines.append(f"    and {fmt.plural(hidden, 'more row')}")
    return "\n".join(lines)


def _head(expectation: ExpectationRecord, ascii_only: bool) -> list[Part]:
    state = "warning" if expectation.severity == "warn" else "error"
    tone = fmt.tone(state)
    return [(f"{fmt.glyph(state, ascii_only=ascii_only)} ", tone), (one_line(expectation.name), tone)]


def _found(expectation: ExpectationRecord) -> str:
    return one_line(expectation.found or "")
