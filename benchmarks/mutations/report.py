"""The table of what became of the mutants, by kind of fault."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

OUTCOMES = (
    "right",
    "warned",
    "wrong place",
    "missed",
    "data",
    "unknown",
    "harmless",
    "false alarm",
    "crashed",
)


@dataclass
class Report:
    """Counts, as mutants come in.

    Attributes:
        kinds: Family and name of a kind of fault -> how often each outcome.
        beside: Errors that are not where the fault is, by kind.
        sound: How many pipelines without a fault were checked, and how many had an error told.
        unsound: Pipelines that failed although nothing was planted: the generator's own mistakes.
    """

    kinds: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    beside: Counter[tuple[str, str]] = field(default_factory=Counter)
    sound: int = 0
    alarmed: int = 0
    unsound: int = 0

    def total(self, *outcomes: str, harmless: bool = False) -> int:
        return sum(
            counts[outcome] for (family, _), counts in self.kinds.items() for outcome in outcomes
            if (family == "harmless") == harmless
        )  # fmt: skip

    @property
    def caught(self) -> float:
        """The share told at the right place, of the mutants that fail and not by their data alone."""
        told = self.total("right", "warned")
        counted = told + self.total("wrong place", "missed", "crashed")
        return told / counted if counted else 1.0

    @property
    def false_alarms(self) -> int:
        return self.alarmed + self.total("false alarm") + self.total("false alarm", harmless=True)

    def text(self) -> str:
        lines = [f"{'kind of fault':<58}" + "".join(f"{name:>11}" for name in OUTCOMES) + f"{'beside':>8}"]
        for (family, name), counts in sorted(self.kinds.items()):
            numbers = "".join(f"{counts[outcome] or '':>11}" for outcome in OUTCOMES)
            lines.append(f"{family + ': ' + name:<58}{numbers}{self.beside[(family, name)] or '':>8}")
        mutants = self.total(*OUTCOMES)
        failing = mutants - self.total("harmless", "false alarm")
        kinds = sum(1 for family, _ in self.kinds if family != "harmless")
        changes = self.total(*OUTCOMES, harmless=True)
        lines += [
            "",
            f"{mutants:,} mutants of {kinds} kinds, {failing:,} fail when run",
            f"{self.caught:8.2%} of those that schema or prefix decide are told at step, field and place",
            f"{self.total('warned'):8,} of them as warnings: of what fails for any row and may meet none",
            f"{self.total('wrong place'):8,} told at another place, {self.total('missed'):,} missed, "
            f"{self.total('crashed'):,} crashed the check",
            f"{self.total('data'):8,} fail by their data alone and are not told, "
            f"{self.total('unknown'):,} behind functions that declare no columns",
            f"{sum(self.beside.values()):8,} errors told beside the fault",
            f"{self.total('false alarm'):8,} false alarms on mutants that run, "
            f"{self.total('false alarm', harmless=True):,} on {changes:,} harmless changes, "
            f"{self.alarmed:,} on {self.sound:,} pipelines without a fault",
        ]
        if self.unsound:
            lines.append(f"{self.unsound:8,} pipelines fail although nothing was planted")
        return "\n".join(lines)
