"""Commands: the command lines that do what a screen does, for copying, and what the palette lists."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

from odibi_core.errors import OdibiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import SystemCommand
    from textual.screen import Screen

    from odibi_tui.app import OdibiApp
    from odibi_tui.session import Session


def check_command(session: Session) -> str | None:
    """Returns `odibi-core check ...` for what is open."""
    return _with_places("check", session, variables=False)


def run_command(session: Session, *, as_shown: bool = False) -> str | None:
    """Returns `odibi-core run ...` for what is open, `as_shown` for the steps of the run on screen."""
    line = _with_places("run", session, variables=True)
    only = _steps_of_run(session) if as_shown and line is not None else None
    return line if only is None else f"{line} --select {shlex.quote(only)}"


def _steps_of_run(session: Session) -> str | None:
    """Returns the selection that the run on screen was started with; None where it ran all, or another's."""
    record, source, graph = session.record, session.source, session.graph
    if record is None or source is None or graph is None or record.pipeline != source.stem:
        return None
    only = record.options.get("only")
    if not isinstance(only, list) or not all(session.step(name) is not None for name in only):
        return None
    from odibi_core.plan.selection import quoted

    chosen = set(only)
    firsts = [name for name in only if chosen.isdisjoint(graph.needs.get(name, ()))]
    try:
        if len(firsts) == 1 and chosen == {firsts[0], *graph.descendants(firsts[0])}:
            return f"{quoted(firsts[0])}+"
        return " ".join(quoted(name) for name in only)
    except OdibiError:  # a name that no selection can tell
        return None


def show_command(session: Session) -> str | None:
    """Returns `odibi-core runs show ...` for the run on screen."""
    if session.record is None:
        return None
    words = ["odibi-core", "runs", "show", session.record.run_id, "--log-dir", str(session.log_dir)]
    return shlex.join(words)


def _with_places(verb: str, session: Session, *, variables: bool) -> str | None:
    if session.source is None:
        return None
    words = ["odibi-core", verb, str(session.source)]
    if session.base_dir != session.source.parent:
        words += ["--base-dir", str(session.base_dir)]
    if session.project is not None:
        words += ["--project", session.project]
    line = shlex.join(words)
    if not variables:
        return line
    if session.log_dir != session.base_dir / "tracker_logs":
        line += f" {shlex.join(['--log-dir', str(session.log_dir)])}"
    from odibi_core.config.placeholders import Values

    for name, value in session.variables.items():
        if Values.is_secret("var", name):
            variable = "".join(c if c.isalnum() else "_" for c in name).upper()
            line += f' --var {shlex.quote(name)}="${variable}"'
        else:
            line += f" --var {shlex.quote(f'{name}={value}')}"
    return line


def palette(app: OdibiApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yields a command for each key that works where the focus is, and those that have no key."""
    from textual.app import SystemCommand

    from odibi_tui.widgets.key_line import key_name

    told: set[str] = set()
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if not active.enabled or not binding.description or binding.description in told or binding.system:
            continue
        if binding.action in ("app.command_palette", "command_palette"):
            continue
        told.add(binding.description)
        run = partial(app.run_action, binding.action, default_namespace=active.node)
        yield SystemCommand(binding.description.capitalize(), f"key {key_name(key)}", run)
    yield SystemCommand("Theme", "light, dark and others", app.action_change_theme)
    yield SystemCommand("Save a picture of the screen", "as SVG", app.deliver_screenshot)
