"""A screen with one pane and nothing else, at a fixed time, for tests of the pane alone."""

from textual.app import App
from textual.screen import Screen

from odibi_core.runs.follow import RunFollower
from odibi_tui.screens.workbench import STYLES
from odibi_tui.session import Session
from odibi_tui.widgets.lines import COMPONENTS
from tests.tui.builders import at

LATER = at(600_000)


class FakeRunner:
    """Notes what it is asked to do."""

    def __init__(self):
        self.asked = []

    def open(self, run):
        self.asked.append(("open", run))


class PaneScreen(Screen):
    COMPONENT_CLASSES = COMPONENTS
    CSS = "PaneScreen { background: $background; color: $foreground; }"

    def __init__(self, pane):
        super().__init__()
        self.pane = pane
        self.actions = []

    def compose(self):
        yield self.pane

    def on_mount(self):
        self.pane.session.subscribe(self.pane.session_changed)

    def action_mode(self, mode):
        self.actions.append(mode)


class PaneApp(App):
    """Shows one pane over a session."""

    def __init__(self, pane_class, session, now=LATER):
        self.CSS_PATH = [STYLES / "odibi.tcss", STYLES / pane_class.styles_file]
        super().__init__()
        self.session = session
        self.runner = FakeRunner()
        self.pane = pane_class(session)
        self.pane.now = lambda: now
        self.theme = "textual-dark"

    def get_default_screen(self):
        return PaneScreen(self.pane)

    def rows(self):
        """What stands on the screen, a text a row."""
        return ["".join(s.text for s in strip).rstrip() for strip in self.screen._compositor.render_strips()]

    def text(self):
        return "\n".join(self.rows())


def session_of(run, selected=None):
    """A session that shows a run from its files."""
    session = Session(log_dir=run.paths.log_dir, base_dir=run.paths.log_dir)
    follower = RunFollower(run.paths.directory)
    session.selected = selected
    session.show_run(follower.poll_all(), follower=follower)
    return session


async def settled(app, pilot, condition, tries=500):
    """Waits until the screen fulfils a condition."""
    for _ in range(tries):
        await pilot.pause(0.02)
        if condition():
            return
    raise AssertionError(f"waited in vain; on screen:\n{app.text()}")
