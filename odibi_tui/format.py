"""How the application writes states, durations, counts, sizes and times: one way everywhere."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping


class Glyph(NamedTuple):
    """The sign of a state: as Unicode, as ASCII, and the tone (a colour of the theme) that goes with it."""

    symbol: str
    ascii: str
    tone: str


GLYPHS: Mapping[str, Glyph] = {
    "pending": Glyph("·", ".", "muted"),
    "running": Glyph("◐", ">", "running"),
    "success": Glyph("✓", "+", "ok"),
    "failed": Glyph("✗", "x", "error"),
    "retry": Glyph("↻", "r", "warning"),
    "skipped": Glyph("⊘", "-", "muted"),
    "cancelled": Glyph("■", "#", "muted"),
    "reused": Glyph("≡", "=", "ok"),
    "error": Glyph("✗", "x", "error"),
    "warning": Glyph("!", "!", "warning"),
    "info": Glyph("i", "i", "muted"),
    "crashed": Glyph("✗", "x", "error"),
    "timed_out": Glyph("✗", "x", "error"),
    "interrupted": Glyph("?", "?", "warning"),
    "unknown": Glyph("?", "?", "muted"),
}
"""By `NodeState` value, run state (`RUN_STATES`) or severity."""

_TURNS = ("◐", "◓", "◑", "◒")
_ASCII_TURNS = ("|", "/", "-", "\\")

_SIGNS = {
    "open": ("▾", "v"),
    "closed": ("▸", ">"),
    "branch": ("╰", "`"),
    "rule": ("│", "|"),
    "left": ("←", "<-"),
    "right": ("→", "->"),
    "times": ("×", "x"),
    "dot": ("·", "-"),
    "dash": ("–", "-"),
    "mark": ("●", "*"),
    "more": ("…", "~"),
}


def wants_ascii(environ: Mapping[str, str] | None = None) -> bool:
    """Returns whether only ASCII should be shown: `ODIBI_ASCII=1`, or a locale that is not UTF-8.

    Where no locale is set (a bare container), UTF-8 is assumed, as terminals do.
    """
    environ = os.environ if environ is None else environ
    asked = environ.get("ODIBI_ASCII", "")
    if asked:
        return asked not in ("0", "no", "false")
    if environ.get("TERM") == "linux":
        return True
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if locale in ("", "C", "POSIX"):
        return False
    return "utf8" not in locale.lower().replace("-", "")


def glyph(state: str, *, ascii_only: bool = False, turn: int | None = None) -> str:
    """Returns the sign of a state; a running one turns with `turn` (any counter)."""
    if state == "running" and turn is not None:
        turns = _ASCII_TURNS if ascii_only else _TURNS
        return turns[turn % len(turns)]
    found = GLYPHS.get(state, GLYPHS["unknown"])
    return found.ascii if ascii_only else found.symbol


def tone(state: str) -> str:
    """Returns the tone of a state: ok, error, warning, running or muted."""
    return GLYPHS.get(state, GLYPHS["unknown"]).tone


def sign(name: str, *, ascii_only: bool = False) -> str:
    """Returns a drawing sign (`open`, `closed`, `branch`, `left`, ...) as Unicode or ASCII."""
    return _SIGNS[name][ascii_only]


def count(number: int | None) -> str:
    """Returns `12,480`, or `–` where the number is not known."""
    return "–" if number is None else f"{number:,}"


def plural(number: int, noun: str) -> str:
    """Returns `1 step`, `2 steps`, `1,204 steps`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shape(rows: int | None, columns: int | None, *, ascii_only: bool = False) -> str:
    """Returns `12,480 × 9`; a part that is not known is `–`, and nothing known is empty."""
    if rows is None and not columns:
        return ""
    return f"{count(rows)} {sign('times', ascii_only=ascii_only)} {count(columns)}"


def duration(ms: float | None) -> str:
    """Returns `340 ms`, `1.2 s`, `2 m 05 s` or `1 h 02 m`; `–` where it is not known."""
    if ms is None:
        return "–"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} m"


def size(number: int | None) -> str:
    """Returns bytes as `412 MB`, in powers of 1,000; `–` where they are not known."""
    if number is None:
        return "–"
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit in ("B", "kB") or amount >= 9.95 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def clock(at: datetime | None, *, seconds: bool = False) -> str:
    """Returns the local time of day, `12:04` or `12:04:31`."""
    if at is None:
        return "–"
    return at.astimezone().strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(at: datetime | None, *, now: datetime | None = None) -> str:
    """Returns `today 12:04`, `yesterday 18:20` or `2026-01-31 12:04`, in local time."""
    if at is None:
        return "–"
    local = at.astimezone()
    today = (now or datetime.now().astimezone()).astimezone().date()
    days = (today - local.date()).days
    if days == 0:
        return f"today {local:%H:%M}"
    if days == 1:
        return f"yesterday {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def shorten(text: str, width: int, *, ascii_only: bool = False) -> str:
    """Returns `text` as one safe line of at most `width` cells, ended by `…` where it was longer."""
    from rich.cells import cell_len

    text = one_line(text)
    if width <= 0:
        return ""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    more = sign("more", ascii_only=ascii_only)
    return cut(text, width - 1).rstrip() + more if width > 1 else more


def cut(text: str, width: int) -> str:
    """Returns as much of the beginning of `text` as has room in `width` cells.

    Rich's `set_cell_size` and `split_text` are off, or fail, at some wide characters (rich 15.0).
    """
    from rich.cells import cell_len

    end = min(len(text), max(width, 0))
    if not text.isascii():
        while end and cell_len(text[:end]) > width:
            end -= 1
    return text[:end]
