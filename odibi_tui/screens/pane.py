"""ModePane: what the shell asks of a mode, and what a mode may ask of the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from odibi_tui.session import Change, Session

How = Literal["run", "fresh", "resume", "here"]


class Runs(Protocol):
    """How the shell starts, opens and ends runs: `odibi_tui.runner.Runner`, made when first needed.

    It sets `session.record/follower/handle/launcher` and calls `session.changed(Change.RUN)` once a batch.
    """

    def warm_up(self) -> None:
        """Makes the launcher and lets it load the engines in the background; called after the first paint."""

    def start(self, how: How = "run") -> None:
        """Starts a run of what the source says now."""

    def cancel(self) -> None:
        """Cancels the run that was started here; does nothing if there is none."""

    def open(self, run: str | Path) -> None:
        """Shows a past or foreign run: a run id in the log directory, a run directory or a run log's path."""

    def close(self, *, detach: bool) -> None:
        """At the end: lets a live run go on (`detach`) or cancels it, and closes the launcher."""


class ModePane(Widget):
    """The right-hand side of one mode. The shell mounts it when its mode is first opened.

    A pane shows what the session holds; it is told of changes only while it is on screen, and is
    told `Change.all` (`~Change(0)`) each time it comes back. `BINDINGS` work while the focus is inside
    the pane; the bottom line shows those that `keys` names, as long as they work (`check_action`).

    A pane can be focused as a whole through `focus_inside`; it never takes the focus by itself.
    """

    DEFAULT_CSS = "ModePane { width: 1fr; height: 1fr; }"
    BLANK = True  # covered by what is in it

    mode: ClassVar[str] = ""
    """pipeline, run, data or history."""
    shows_steps: ClassVar[bool] = True
    """Whether the step tree stands at the left."""
    styles_file: ClassVar[str | None] = None
    """A file in `odibi_tui/styles`, read when the mode is first opened; the first paint reads one file."""
    keys: Sequence[str] = ()
    """Keys the bottom line shows, in order (`"r"`, `"slash"`); those without a binding are left out."""

    def __init__(self, session: Session, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.session = session

    def session_changed(self, change: Change) -> None:
        """Shows what has changed; must be quick, it runs on the event loop."""

    def focus_inside(self) -> None:
        """Takes the focus: `enter` on a step comes here. By default the first widget that can have it."""
        for widget in self.query("*"):
            if widget.focusable and widget.display:
                widget.focus()
                return

    def leave(self) -> bool:
        """Undoes one thing inside the pane on `esc` (a filter, a detail); returns False if there is none."""
        return False

    def turn_tab(self, by: int) -> None:
        """Shows the next (1) or previous (-1) tab, on `]` and `[`; does nothing where there are none."""

    def action_filter(self) -> None:
        """Filters what has the focus in this pane, on `/`."""

    def show_problem(self) -> None:
        """Shows the current problem at its place, after `n` or `N`; modes without a source do nothing."""

    def value_to_copy(self) -> str | None:
        """Returns what `y` copies here."""
        return None

    def place(self) -> tuple[int, int] | None:
        """Returns line and column where `e` opens the config from here; None for those of the selection."""
        return None

    def command_line(self) -> str | None:
        """Returns the command that does what this place shows, for `Y`."""
        return None

    def status(self) -> str | None:
        """Returns what the top line says in place of steps and problems (`run_... running 00:07 13/20`)."""
        return None
