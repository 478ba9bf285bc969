"""How the command line writes states, durations, counts and times."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from datetime import datetime

# State -> sign, sign in ASCII, style.
_STATES = {
    "pending": ("·", ".", "dim"),
    "running": ("◐", ">", "cyan"),
    "success": ("✓", "+", "green"),
    "failed": ("✗", "x", "red"),
    "crashed": ("✗", "x", "red"),
    "timed_out": ("✗", "x", "red"),
    "retry": ("↻", "r", "yellow"),
    "skipped": ("⊘", "-", "dim"),
    "cancelled": ("■", "#", "dim"),
    "reused": ("≡", "=", "green"),
    "interrupted": ("?", "?", "yellow"),
    "unknown": ("?", "?", "dim"),
    "problem": ("!", "!", "yellow"),
}


def takes_unicode(stream: TextIO | None = None) -> bool:
    """Whether a stream can write the signs; where not, ASCII stands for them."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "ascii"
    try:
        "✓◐⊘↻≡×–→".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def state_sign(state: str, *, unicode: bool = True) -> str:
    """Returns the sign of a state of a run or a step."""
    found = _STATES.get(state, _STATES["unknown"])
    return found[0] if unicode else found[1]


def state_style(state: str) -> str:
    """Returns rich's style for a state."""
    return _STATES.get(state, _STATES["unknown"])[2]


def count(number: int | None, *, unicode: bool = True) -> str:
    """Returns `12,480`; a dash where the number is not known."""
    return ("–" if unicode else "-") if number is None else f"{number:,}"


def duration(ms: float | None, *, unicode: bool = True) -> str:
    """Returns `340 ms`, `1.2 s`, `2 m 05 s` or `1 h 02 m`; a dash where it is not known."""
    if ms is None:
        return "–" if unicode else "-"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} m"


def moment(at: datetime | None, *, unicode: bool = True) -> str:
    """Returns a time to the second, on the local clock; a dash where it is not known."""
    return ("–" if unicode else "-") if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
