"""Outcome: what one step's check found, and the schemas of what the step will put out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of checking one step against the schemas of its inputs.

    Attributes:
        outputs: Schema by local output name; None, or not there, where it is not known. After an error in
            the step its outputs are not known, so that the steps below stay quiet.
        diagnostics: What is wrong, in order of place.
        looked_at: Absolute paths of files and directories that the outcome rests on, also those that were
            not there: when one of them changes, the step has to be checked again. Of a file its time and size
            count, of a directory only that it is there; with a separator at its end, the names in it.
    """

    outputs: Mapping[str, Schema | None] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    looked_at: tuple[str, ...] = ()


NOTHING = Outcome()
