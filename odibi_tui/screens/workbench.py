"""Workbench: the one screen. Left is where, right is what, the bottom strip is what needs you.

Keys: see `BINDINGS`; docs/screens.md tells them by place. Everything shown comes from the `Session`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.screen import Screen

from odibi_tui.format import wants_ascii
from odibi_tui.session import Change
from odibi_tui.widgets.key_line import KeyLine
from odibi_tui.widgets.lines import COMPONENTS, LineView
from odibi_tui.widgets.problems import Problems
from odibi_tui.widgets.steps_side import StepsSide
from odibi_tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from rich.style import Style
    from textual.app import ComposeResult
    from textual.events import DescendantFocus, Resize

    from odibi_tui.app import OdibiApp
    from odibi_tui.screens.pane import ModePane
    from odibi_tui.session import Session

PANES = {
    "pipeline": ("odibi_tui.screens.pipeline", "PipelinePane"),
    "run": ("odibi_tui.screens.run", "RunPane"),
    "data": ("odibi_tui.screens.data", "DataPane"),
    "history": ("odibi_tui.screens.history", "HistoryPane"),
    "start": ("odibi_tui.screens.start", "StartPane"),
}
"""Where the pane of each mode lives; it is imported when the mode is first opened."""

STYLES = Path(__file__).parent.parent / "styles"
WIDE, SHORT = 100, 30
"""From how many columns on two regions stand side by side; below how many lines strips are kept small."""


# What is covered by what is in it is not drawn line by line.
class _Body(Horizontal):
    BLANK = True


class _Panes(Container):
    BLANK = True


class Workbench(Screen[None]):
    """Top line, step tree, pane, problems strip, key line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS
    AUTO_FOCUS = None
    BLANK = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "mode('pipeline')", "pipeline", show=False, id="mode.pipeline"),
        Binding("2", "mode('run')", "run mode", show=False, id="mode.run"),
        Binding("3", "mode('data')", "data", show=False, id="mode.data"),
        Binding("4", "mode('history')", "history", show=False, id="mode.history"),
        Binding("slash", "filter", "filter", id="filter"),
        Binding("n", "app.problem(1)", "next problem", id="problem.next"),
        Binding("N", "app.problem(-1)", "previous problem", id="problem.previous"),
        Binding("escape", "back", "back", id="back"),
        Binding("right_square_bracket", "tab(1)", "next tab", id="tab.next"),
        Binding("left_square_bracket", "tab(-1)", "previous tab", id="tab.previous"),
        Binding("z", "maximise", "maximise", id="maximise"),
        Binding("y", "app.copy", "copy", id="copy"),
        Binding("Y", "app.copy_command", "copy as command", id="copy.command"),
        Binding("r", "app.run", "run", id="run"),
        Binding("R", "app.resume", "resume", id="run.resume"),  # of the two, the one that makes sense
        Binding("R", "app.run_here", "run from here", id="run.here"),
        Binding("F", "app.run_fresh", "run fresh", id="run.fresh"),
        Binding("x", "app.cancel_run", "cancel the run", id="run.cancel"),
        Binding("e", "app.edit", "edit", id="edit"),
        Binding("a", "app.apply_fix", "apply the fix", id="fix"),
        Binding("o", "app.explain", "explain", id="explain"),
        Binding("i", "app.ignore", "ignore here", id="ignore"),
        Binding("v", "app.check", "check again", id="check"),
        Binding("w", "app.watch", "watch", id="watch"),
        Binding("colon", "app.command_palette", "commands", id="commands"),
        Binding("question_mark", "app.keys", "keys", id="keys"),
        Binding("q", "app.quit", "quit", id="quit"),
    ]

    def __init__(self, session: Session, mode: str = "pipeline") -> None:
        super().__init__()
        self.session = session
        self.mode = mode
        self.region_shown = "pane" if mode in ("history", "start") else "steps"
        self.maximised = False
        self.tone_cache: dict[tuple[str, Style], Style] = {}
        self._panes: dict[str, ModePane] = {}

    @property
    def shell(self) -> OdibiApp:
        """The application, as ours."""
        return cast("OdibiApp", self.app)

    @property
    def pane(self) -> ModePane | None:
        """The pane of the mode on screen, None until it is mounted."""
        return self._panes.get(self.mode)

    def compose(self) -> ComposeResult:
        """Builds the shell; the panes come when their mode is opened."""
        yield TopLine(self.session, id="top")
        with _Body(id="body"):
            yield StepsSide(self.session, id="steps-side")
            yield _Panes(id="panes")
        yield Problems(self.session, id="problems")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Opens the first mode and listens to the session."""
        self.session.subscribe(self.session_changed)
        self.call_after_refresh(self.refresh_chrome)
        for part in (self.query_one(StepsSide), self.query_one(Problems)):
            part.session_changed(~Change(0))
        self.set_class(wants_ascii(), "-ascii")
        self._arrange()
        self._open(self.mode)

    def notify_style_update(self) -> None:
        """Forgets the tones of the theme before."""
        self.tone_cache.clear()
        super().notify_style_update()

    # -- what the session says --------------------------------------------------------------------

    def session_changed(self, change: Change) -> None:
        """Passes a change on to what is on screen; panes out of sight are told when they come back."""
        self.query_one(StepsSide).session_changed(change)
        self.query_one(Problems).session_changed(change)
        for mode, pane in self._panes.items():
            if mode == self.mode:
                pane.session_changed(change)
        self.refresh_chrome()

    def refresh_chrome(self) -> None:
        """Brings the top line and the key line up to date."""
        if not self.is_mounted:
            return
        pane = self.pane
        self.query_one(TopLine).show(self.mode, pane.status() if pane is not None else None)
        keys: list[str] = [*(pane.keys if pane is not None else ()), "colon", "question_mark"]
        if self._one_region and self.region_shown == "pane":
            keys.insert(0, "escape")
        self.query_one(KeyLine).show(keys)

    # -- modes and regions ------------------------------------------------------------------------

    def _open(self, mode: str) -> None:
        self.mode = mode
        pane = self._panes.get(mode)
        for name, other in self._panes.items():
            other.display = name == mode
        if pane is None:
            module, name = PANES[mode]
            pane_class: type[ModePane] = getattr(import_module(module), name)
            if pane_class.styles_file is not None:
                self.app.stylesheet.read(STYLES / pane_class.styles_file)
                self.app.stylesheet.reparse()
            pane = self._panes[mode] = pane_class(self.session, id=f"pane-{mode}")
            self.query_one("#panes").mount(pane)
            self.call_after_refresh(self._shown, pane)
        else:
            self._shown(pane)

    def _shown(self, pane: ModePane) -> None:
        pane.session_changed(~Change(0))
        self.query_one(StepsSide).mode = self.mode
        self._arrange()
        focused = self.focused
        elsewhere = focused is not None and any(
            p is not pane and p in focused.ancestors for p in self._panes.values()
        )
        if focused is None or elsewhere or not focused.display or not focused.region:
            self.set_focus(None)  # the pane may have nothing to focus yet; it takes it when it has
            self.focus_region()
        self.refresh_chrome()

    @property
    def _one_region(self) -> bool:
        return self.maximised or self.size.width < WIDE

    def _arrange(self) -> None:
        pane = self.pane
        alone = pane is not None and not pane.shows_steps
        shown = "pane" if alone else self.region_shown
        self.set_class(self._one_region or alone, "-one")
        self.set_class(shown == "steps", "-in-steps")
        self.set_class(shown == "pane", "-in-pane")
        self.set_class(self.size.height < SHORT, "-short")
        self.set_class(self.size.width >= 160, "-wider")

    def show_region(self, region: str) -> None:
        """Moves to a region, `steps` or `pane`; on small terminals it takes the other's place."""
        self.region_shown = region
        self._arrange()
        self.focus_region()
        self.refresh_chrome()

    def focus_region(self) -> None:
        """Gives the focus to the region that is to have it."""
        pane = self.pane
        if pane is not None and (self.region_shown == "pane" or not pane.shows_steps):
            pane.focus_inside()
        else:
            self.query_one(StepsSide).focus_tree()

    def on_resize(self, event: Resize) -> None:
        """One region or two, as the terminal allows."""
        self._arrange()
        self.refresh_chrome()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The focus says which region is the present one, and which keys work."""
        inside = any(node.id == "panes" for node in event.widget.ancestors)
        self.region_shown = "pane" if inside else self.region_shown
        if any(node.id == "steps-side" for node in event.widget.ancestors):
            self.region_shown = "steps"
        self.refresh_chrome()

    @property
    def place(self) -> str:
        """What the region with the focus is called."""
        alone = self.pane is not None and not self.pane.shows_steps
        return self.mode if alone or self.region_shown == "pane" else "steps"

    # -- actions ----------------------------------------------------------------------------------

    def action_mode(self, mode: str) -> None:
        """Opens a mode; the selection stays."""
        if mode == "pipeline" and self.session.source is None and self.session.record is None:
            mode = "start"
        if mode != self.mode:
            self._open(mode)

    def action_tab(self, by: int) -> None:
        """Turns the pane's tabs."""
        if self.pane is not None:
            self.pane.turn_tab(by)
            self.refresh_chrome()

    def action_filter(self) -> None:
        """Filters what has the focus."""
        if self.pane is not None and (self.region_shown == "pane" or not self.pane.shows_steps):
            self.pane.action_filter()
        else:
            self.query_one(StepsSide).start_filter()

    def action_back(self) -> None:
        """Undoes the last thing: a filter, a detail, then the pane, then maximising."""
        pane, side = self.pane, self.query_one(StepsSide)
        if pane is not None and (self.region_shown == "pane" or not pane.shows_steps) and pane.leave():
            pass
        elif self.region_shown == "pane" and pane is not None and pane.shows_steps:
            self.show_region("steps")
        elif side.clear_filter():
            pass
        elif self.maximised:
            self.action_maximise()
        self.refresh_chrome()

    def action_maximise(self) -> None:
        """Gives the whole screen to the region with the focus, or takes it back."""
        self.maximised = not self.maximised
        self._arrange()
        self.refresh_chrome()

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """`enter` in the steps goes deeper: into the pane."""
        if event.view.id == "steps":
            self.show_region("pane")
