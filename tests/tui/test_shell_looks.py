"""What the shell's screens look like, as pictures, small and large."""

from datetime import UTC, datetime

import pytest

from odibi_core.journal.events import ColumnInfo, StepInfo
from odibi_tui import recents
from odibi_tui.session import Reading, Session
from tests.tui.builders import RunFiles
from tests.tui.shell import PIPELINE, ShellApp, project, step, write

SIZES = [(80, 24), (120, 40)]
SAVED = datetime(2026, 1, 31, 12, 4, tzinfo=UTC)
BROKEN = [
    PIPELINE[0],
    step("clean_orders", inputs={"data": "read_ordres"}),
    step("by_region", inputs={"data": "clean_orders"}, engine="dukcdb"),
    PIPELINE[3],
]


class StillApp(ShellApp):
    """Neither reads nor watches: what is shown was given to it."""

    def begin_with_source(self):
        pass


@pytest.fixture
def still(tmp_path, monkeypatch):
    """Opens a config named relatively, so that no path of this machine is in the picture."""
    monkeypatch.chdir(tmp_path)

    def make(steps=PIPELINE, text=None, **options):
        from pathlib import Path

        project(tmp_path, steps)
        source = Path("retail.json")
        session = Session(source=source, base_dir=Path(), log_dir=Path("tracker_logs"))
        session.adopt(_checked(session, source))
        if text is not None:
            source.write_text(text)
            session.adopt(_checked(session, source))
        return StillApp(session, **options)

    return make


def _checked(session, source):
    from odibi_tui.reading import read

    reading = Reading(read(source).document, saved=SAVED)
    return session.checking.whole(session.checking.structure(reading))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_pipeline_without_problems(snap_compare, still, size):
    assert snap_compare(still(), terminal_size=size, press=["down", "down"])


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_problems_in_tree_strip_and_source(snap_compare, still, size):
    press = ["n", "n"] if size[0] > 100 else ["n", "n", "enter"]
    assert snap_compare(still(BROKEN), terminal_size=size, press=press)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_stale(snap_compare, still, size):
    import json

    text = json.dumps(PIPELINE, indent=2).replace('"type": "sql",', '"type" "sql",', 1)
    assert snap_compare(still(text=text), terminal_size=size, press=["n"])


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("tab", ["graph", "preview"])
def test_tabs(snap_compare, still, tmp_path, size, tab):
    app = still()
    run = RunFiles(tmp_path / "tracker_logs")
    run.begin(StepInfo("read_orders", "ingest"), StepInfo("clean_orders", "transform"))
    columns = [ColumnInfo("id", "int64"), ColumnInfo("region", "string")]
    run.step("read_orders", 0, 1200, rows_out=12480, columns=columns)
    app.session.show_run(run.builder.view())
    turns = ["right_square_bracket"] if tab == "graph" else ["left_square_bracket"]
    opens = [] if size[0] > 100 else ["enter"]
    assert snap_compare(app, terminal_size=size, press=["down", "down", *turns, *opens])


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    "keys", [["question_mark"], ["o"], ["slash", "o", "r", "d"], ["g"]], ids=lambda k: k[0]
)
def test_what_keys_open(snap_compare, still, size, keys):
    assert snap_compare(still(BROKEN), terminal_size=size, press=keys)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "ansi-light"])
def test_themes(snap_compare, still, theme):
    app = still(BROKEN)
    app.theme = theme
    assert snap_compare(app, terminal_size=(120, 40), press=["n"])


def test_no_color(snap_compare, still, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(still(BROKEN), terminal_size=(120, 40), press=["n"])


def test_ascii(snap_compare, still, monkeypatch):
    monkeypatch.setenv("ODIBI_ASCII", "1")
    assert snap_compare(still(BROKEN), terminal_size=(120, 40), press=["n"])


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_question_before_quitting(snap_compare, still, size):
    class Handle:
        run_id = "run_20260131_120412"

    app = still()
    app.session.handle = Handle()
    assert snap_compare(app, terminal_size=size, press=["q"])


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_start_screen(snap_compare, tmp_path, monkeypatch, size):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recents, "recents_file", lambda: tmp_path / "recent.json")
    monkeypatch.setattr(Path, "absolute", lambda self: Path("/home/you") / self)
    project(tmp_path)
    write(tmp_path / "broken.json", BROKEN)
    app = StillApp(Session(base_dir=Path(), log_dir=Path("tracker_logs")))

    async def looked(pilot):
        for _ in range(500):
            await pilot.pause(0.01)
            if app.pane.runs is not None:
                return

    assert snap_compare(app, terminal_size=size, run_before=looked)
