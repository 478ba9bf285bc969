"""Backoff: how often and how fast a failed step is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often and how fast a step is tried again: the delay doubles, give or take a quarter.

    Attributes:
        retries: Attempts after the first.
        delay_s: Seconds before the second attempt.
        limit_s: The longest delay.
    """

    retries: int = 0
    delay_s: float = 1.0
    limit_s: float = 300.0

    def delay(self, attempt: int, random: float) -> float:
        """Returns the seconds to wait after the failed `attempt`; `random` is in [0, 1)."""
        doubled = self.delay_s * 2.0 ** min(attempt - 1, 60)
        return min(doubled, self.limit_s) * (0.75 + 0.5 * random)
