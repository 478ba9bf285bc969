"""The fork server: started, used from threads, started again, and gone with its application."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.core.node import Step
from odibi_core.runs.process import RunLauncher, RunRequest
from tests.runs.processes import has_ended, pid_in, record_of, wait_until

if TYPE_CHECKING:
    import pytest

PATIENCE_S = 60
ROOT = Path(__file__).parents[2]


def request(tmp_path: Path) -> RunRequest:
    """A run that fails at once, which takes no time: nothing of it is there to read."""
    steps = [Step("ingest", "read", value="nothere.csv", outputs={"data": "raw"})]
    return RunRequest(steps=steps, pipeline="test", base_dir=tmp_path)


def test_a_run_can_be_started_before_the_server_is_warm(tmp_path: Path):
    with RunLauncher() as launcher:
        handle = launcher.start(request(tmp_path))
        assert handle.wait(PATIENCE_S) == "failed"
        assert "nothere.csv" in record_of(handle).steps[0].error.message


def test_a_server_that_has_been_killed_is_started_again(tmp_path: Path):
    with RunLauncher() as launcher:
        launcher.warm_up()
        first = launcher._server
        assert first is not None
        first.send_signal(signal.SIGKILL)
        assert launcher.start(request(tmp_path)).wait(PATIENCE_S) == "failed"
        assert launcher._server is not first


def test_runs_go_on_without_the_server(tmp_path: Path):
    with RunLauncher() as launcher:
        handle = launcher.start(request(tmp_path))
    assert handle.wait(PATIENCE_S) == "failed"


def test_runs_can_be_started_from_several_threads(tmp_path: Path):
    ends = []
    with RunLauncher() as launcher:
        threads = [
            threading.Thread(target=lambda: ends.append(launcher.start(request(tmp_path)).wait(PATIENCE_S)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ends == ["failed"] * 4


def test_modules_in_the_current_directory_do_not_stand_in_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "pandas.py").write_text("raise SystemExit('the wrong pandas')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    with RunLauncher() as launcher:
        handle = launcher.start(request(tmp_path))
        assert handle.wait(PATIENCE_S) == "failed"
        assert record_of(handle).steps[0].error.type.endswith("SourceNotFoundError")


def test_the_server_ends_with_its_application(tmp_path: Path):
    code = (
        "import os, pathlib, sys, time\n"
        "from odibi_core.runs.process import RunLauncher\n"
        "launcher = RunLauncher()\n"
        "launcher.warm_up()\n"
        "pathlib.Path(sys.argv[1], '.server').write_text(str(launcher._server.pid))\n"
        "os.rename(sys.argv[1] + '/.server', sys.argv[1] + '/server')\n"
        "time.sleep(600)\n"
    )
    application = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    server = pid_in(tmp_path, "server")
    application.kill()
    application.wait()
    wait_until(lambda: has_ended(server))


def test_closing_twice_is_harmless_and_it_can_be_used_again(tmp_path: Path):
    launcher = RunLauncher()
    launcher.close()
    launcher.warm_up()
    server = launcher._server
    assert server is not None
    launcher.close()
    launcher.close()
    assert server.returncode is not None
    assert launcher.start(request(tmp_path)).wait(PATIENCE_S) == "failed"
    launcher.close()
