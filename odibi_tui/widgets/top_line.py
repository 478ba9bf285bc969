"""TopLine: what is open, how it stands, and the four modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui import format as fmt
from odibi_tui.widgets.lines import Line, Part, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.events import Click

    from odibi_tui.session import Session

MODES = ("pipeline", "run", "data", "history")


class TopLine(Line):
    """Name, saved time, steps, problems and state at the left; the modes at the right."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self.mode = "pipeline"
        self.status: str | None = None
        self.ascii_only = fmt.wants_ascii()

    def show(self, mode: str, status: str | None) -> None:
        """Shows another mode, or what the mode's pane says of itself."""
        if (mode, status) != (self.mode, self.status):
            self.mode, self.status = mode, status
        self.refresh()

    def parts(self, width: int) -> Sequence[Part]:
        """The line, with as much as has room."""
        modes = self._modes(short=width < 90)
        room = width - width_of(modes) - 1
        left = self._left(spare=True)
        return spread(left if width_of(left) <= room else self._left(spare=False), modes, width)

    def _modes(self, *, short: bool) -> list[Part]:
        parts: list[Part] = []
        for number, mode in enumerate(MODES, 1):
            active = mode == self.mode
            label = mode.capitalize() if active or not short else ""
            parts.append((f" {number} {label}".rstrip() + " ", "tab" if active else "muted"))
        return parts

    def _left(self, *, spare: bool) -> list[Part]:
        """What must be told, and with room to spare what is good to know."""
        session = self.session
        parts: list[Part] = [(" odibi ", "muted")] if spare else []
        parts.append((f" {session.pipeline}", "strong"))
        if self.status is not None:
            return [*parts, (f"  {self.status}", "")]
        if session.source is None:
            return parts
        if session.stale:
            parts.append(("  stale", "warning strong"))
        if session.read_error is not None:
            gone = isinstance(session.read_error, FileNotFoundError)
            parts.append((f"  {'file not found' if gone else session.read_error.message}", "error"))
        elif session.saved is not None and spare:
            mark = fmt.sign("mark", ascii_only=self.ascii_only)
            parts.append((f" {mark}saved {fmt.clock(session.saved)}", "muted"))
        if session.document is not None:
            parts.append((f"  {fmt.plural(len(session.steps), 'step')}", ""))
        if session.errors:
            parts.append((f"  {fmt.plural(session.errors, 'error')}", "error"))
        if session.warnings:
            parts.append((f"  {fmt.plural(session.warnings, 'warning')}", "warning"))
        if session.checked and not session.diagnostics and session.read_error is None:
            ok = fmt.glyph("success", ascii_only=self.ascii_only)
            parts.append((f"  {ok} no problems", "ok"))
        if not session.watching:
            parts.append(("  not watching", "warning"))
        elif spare:
            parts.append(("  watching", "muted"))
        return parts

    def on_click(self, event: Click) -> None:
        """A click on a mode opens it."""
        modes = self._modes(short=self.size.width < 90)
        left = self.size.width - width_of(modes)
        for mode, part in zip(MODES, modes, strict=True):
            left += width_of([part])
            if event.x < left:
                if event.x >= self.size.width - width_of(modes):
                    self.post_message_to_mode(mode)
                return

    def post_message_to_mode(self, mode: str) -> None:
        """Opens a mode through the screen's own action."""
        self.call_later(self.screen.run_action, f"mode('{mode}')")
