"""What the benchmarks share: measuring in turn, and saying how it compares with the limit."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping


def options(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """Returns a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "-n", "--rounds", type=int, default=rounds, help="how often each is measured (%(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="end with 1 if a limit is passed")
    return parser


def in_turn(subjects: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Measures each subject once a round, after a round that does not count; returns medians."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(rounds + 1):
        for name, measure in subjects.items():
            value = measure()
            if turn:
                times[name].append(value)
        if sys.stderr.isatty():
            print(f"\rround {turn} of {rounds} ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return {name: statistics.median(values) for name, values in times.items()}


class Verdict:
    """Prints each figure beside its limit and remembers whether one was passed."""

    def __init__(self) -> None:
        self.failed = False

    def add(self, what: str, value: float, limit: float, unit: str) -> None:
        within = value <= limit
        self.failed |= not within
        print(f"{what:<58} {value:7.2f} {unit}  limit {limit:g} {unit}  {'ok' if within else 'BEYOND'}")

    def exit_code(self, check: bool) -> int:
        return 1 if check and self.failed else 0
