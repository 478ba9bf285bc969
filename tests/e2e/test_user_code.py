"""What user code does to its own process, it does not do to the screen."""

import json
import os
import signal
import time

import pytest

from tests.counts import count
from tests.e2e.terminal import Terminal, median, processes_of

pytestmark = pytest.mark.pty

FUNCTIONS = """
import os
import re
import sys

import pandas as pd


def holds_the_gil():
    print("about to match")
    re.match(r"(a+)+$", "a" * 40 + "b")
    return pd.DataFrame({"a": [1]})


def prints(lines):
    for i in range(int(lines)):
        print("line", i)
    os.write(1, b"to descriptor 1\\n")
    os.write(2, b"to descriptor 2\\n")
    return pd.DataFrame({"a": [1]})


def segfaults():
    import ctypes

    os.write(2, b"\\x1b[2J\\x1b[31mabout to crash\\n")
    ctypes.string_at(0)
    return pd.DataFrame({"a": [1]})


def exits():
    print("about to exit")
    sys.stdout.flush()
    os._exit(7)
    return pd.DataFrame({"a": [1]})
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "user_code.py").write_text(FUNCTIONS)
    return tmp_path


def pipeline(project, function, **params):
    path = project / f"{function}.json"
    first = {"name": f"{function}_step", "layer": "ingest", "type": "function", "outputs": {"data": "made"}}
    first |= {"value": f"user_code.{function}", "params": params}
    then = {"name": "next_step", "type": "sql", "value": "SELECT * FROM data", "inputs": {"data": "made"}}
    path.write_text(json.dumps([first, then | {"outputs": {"data": "x"}}]))
    return path.name


def started(project, name):
    terminal = Terminal.odibi(name, cwd=project, columns=120, lines=36)
    terminal.wait_for("next_step", "no problems")
    terminal.press("r")
    return terminal


def quits(terminal):
    terminal.press("q")
    code = terminal.wait_for_end()
    clean, modes = terminal.is_clean()
    assert clean, modes
    return code


def test_keys_answer_while_a_step_holds_the_gil_and_x_ends_it(project):
    with started(project, pipeline(project, "holds_the_gil")) as terminal:
        terminal.wait_for("about to match", "◐ running")
        time.sleep(0.5)
        times = terminal.answer_times(*["1", "2", "down", "up"] * 8)
        print(f"\nkeys answered after {median(times):.1f} ms at the median, {max(times):.1f} ms at most")
        assert median(times) < 50
        start = time.monotonic()
        terminal.press("x")
        terminal.wait_for("cancelled", gone=["running"], timeout=5)
        print(f"cancelled after {time.monotonic() - start:.2f} s")
        assert quits(terminal) == 0
    wait_for_no_process(project)


def test_a_million_printed_lines_are_in_the_log_and_the_screen_stays_whole(project):
    lines = count(1_000_000)
    with started(project, pipeline(project, "prints", lines=lines)) as terminal:
        terminal.wait_for("◐ running")
        times = terminal.answer_times(*["down", "up"] * 10)
        print(f"\nkeys answered after {median(times):.1f} ms at the median, {max(times):.1f} ms at most")
        assert median(times) < 100
        text = terminal.wait_for("✓ success", "2/2", timeout=120)
        assert "Timeline" in text
        terminal.press("enter" if "esc" in text else "2")
        terminal.wait_for(f"{lines + 2:,}"[:-2])  # these, and what the steps say themselves
        journal = next(project.glob("tracker_logs/run_*/events.jsonl")).read_bytes()
        assert journal.count(b'"message":"line ') == lines
        assert journal.count(b'"message":"to descriptor ') == 2
        assert quits(terminal) == 0
    wait_for_no_process(project)


@pytest.mark.parametrize(
    ("function", "said", "why"),
    [("segfaults", "about to crash", "SIGSEGV"), ("exits", "about to exit", "7")],
)
def test_a_crash_is_shown_as_one_and_the_screen_stays_whole(project, function, said, why):
    with started(project, pipeline(project, function)) as terminal:
        text = terminal.wait_for("✗ crashed", f"✗ {function}_step", why)
        assert "1 Pipeline" in text.splitlines()[0]
        assert "keys" in text.splitlines()[-1]
        journal = next(project.glob("tracker_logs/run_*/events.jsonl")).read_text()
        assert said in journal
        terminal.press("1")
        terminal.wait_for("Config")
        assert quits(terminal) == 0
    wait_for_no_process(project)


def test_killing_the_application_ends_its_run(project):
    with started(project, pipeline(project, "holds_the_gil")) as terminal:
        terminal.wait_for("about to match", "◐ running")
        os.kill(terminal.child.pid, signal.SIGKILL)
        wait_for_no_process(project)
    journal = next(project.glob("tracker_logs/run_*/events.jsonl")).read_text()
    assert '"type":"run_finished"' in journal.splitlines()[-1]


def wait_for_no_process(project, seconds=5):
    end = time.monotonic() + seconds
    while left := processes_of(project):
        assert time.monotonic() < end, f"left behind: {left}"
        time.sleep(0.05)
