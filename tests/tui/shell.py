"""The whole application over a config in a directory of its own, at a fixed time, for tests of the shell."""

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from odibi_core.core import Step
from odibi_core.diagnostics import Diagnostic, Span
from odibi_tui.app import OdibiApp
from odibi_tui.session import Session

SAVED = datetime(2026, 1, 31, 12, 4, tzinfo=UTC)


def step(name, layer="transform", *, inputs=None, output=None, value="SELECT * FROM data", **fields):
    """A step as it is written in a config."""
    written = {
        "layer": layer,
        "name": name,
        "type": "sql" if layer == "transform" else "config_op",
        "value": value,
    }
    if inputs:
        written["inputs"] = inputs
    if layer in ("ingest", "transform"):
        written["outputs"] = {"data": output or name}
    return {**written, **fields}


PIPELINE = [
    step("read_orders", "ingest", value="orders.csv"),
    step("clean_orders", inputs={"data": "read_orders"}),
    step("by_region", inputs={"data": "clean_orders"}),
    step("write_report", "store", inputs={"data": "by_region"}, value="out/report.csv"),
]


def write(path, steps):
    path.write_text(json.dumps(steps, indent=2))
    return path


def project(directory, steps=PIPELINE):
    """A config and the file it reads."""
    (directory / "orders.csv").write_text("id,region\n1,north\n")
    return write(directory / "retail.json", steps)


class ShellApp(OdibiApp):
    """The application without what begins after the first paint, unless a test wants it."""

    def _get_ready(self):
        pass

    def rows(self):
        """What stands on the screen, a text a row."""
        return ["".join(s.text for s in strip).rstrip() for strip in self.screen._compositor.render_strips()]

    def text(self):
        return "\n".join(self.rows())

    def copied(self):
        return self.clipboard


@asynccontextmanager
async def shown(source, size=(120, 40), *, checked=True, **options):
    """Opens a config and waits until it has been checked whole; gives the application and its pilot."""
    session = Session(
        source=source, base_dir=source.parent, log_dir=source.parent / "tracker_logs", watching=False
    )
    app = ShellApp(session, **options)
    async with app.run_test(size=size) as pilot:
        if checked:
            await until(app, pilot, lambda: session.checked)
        yield app, pilot


async def until(app, pilot, condition, tries=500):
    """Waits until a condition holds."""
    for _ in range(tries):
        await pilot.pause(0.01)
        if condition():
            await pilot.pause()
            return
    raise AssertionError(f"waited in vain; on screen:\n{app.text()}")


def steps_of(*names, layer="transform"):
    return tuple(Step(layer, name, outputs={"data": name}) for name in names)


def finding(step_name, message="something is wrong", *, line=None, severity="error", code="ODB203", **fields):
    span = Span("retail.json", line, 5, line, 9) if line is not None else None
    return Diagnostic(code, "a-name", severity, message, step_name, span=span, **fields)
