"""What reading a config gives: its steps, where they stand, and what is wrong with text and shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

Kind = Literal["json", "sqlite", "csv"]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What could not be read, so that checks do not report what only follows from it.

    Attributes:
        fields: Fields that are not what was written, as step index and field name.
        outputs: Keys that steps which could not be built, or damaged fields, would have output.
        left_out: Keys that steps left out by a filter output -> name of the step.
        left_out_steps: Names of those steps.
        incomplete: There may be steps nothing is known of.
    """

    fields: frozenset[tuple[int, str]] = frozenset()
    outputs: frozenset[str] = frozenset()
    left_out: Mapping[str, str] = field(default_factory=dict)
    left_out_steps: frozenset[str] = frozenset()
    incomplete: bool = False


@dataclass(frozen=True)
class Document:
    """A config that has been read.

    Attributes:
        path: The source, as the person named it.
        kind: json, sqlite or csv.
        text: The text; None for databases.
        digest: SHA-256 of the file's bytes, in hexadecimal; of the rows for databases.
        steps: Every step that could be built, with its origin.
        diagnostics: What is wrong with the text and the shape of the steps (ODB1xx), in order of place.
        parsed: False where the text does not parse; `steps` then holds what could be read around it.
        gaps: What could not be read.
    """

    path: str
    kind: Kind
    text: str | None
    digest: str
    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    parsed: bool = True
    gaps: Gaps = Gaps()

    @property
    def has_errors(self) -> bool:
        """Whether any diagnostic is an error."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)
