"""`odibi-core run` as a person or a script uses it: a whole process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from odibi_core.runs.follow import RunFollower
from odibi_core.runs.store import open_store
from tests.e2e.terminal import Terminal
from tests.runs.processes import wait_until

FUNCTIONS = Path(__file__).parent.parent / "runs" / "working_functions.py"
PATIENCE_S = 60
RUN = (sys.executable, "-m", "odibi_core", "run")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copy(FUNCTIONS, tmp_path)
    return tmp_path


def config(home: Path, *steps: dict[str, Any], name: str = "pipeline.json") -> Path:
    path = home / name
    path.write_text(json.dumps(steps, indent=2))
    return path


def step(name: str, function: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": "function", "value": f"working_functions.{function}", **fields}


def good(home: Path) -> Path:
    (home / "in.csv").write_text("id,value\n1,10\n2,200\n")
    return config(
        home,
        {"layer": "ingest", "name": "read", "value": "in.csv", "outputs": {"data": "raw"}},
        {
            "name": "filter", "type": "sql", "value": "SELECT * FROM data WHERE value > ${var:least}",
            "inputs": {"data": "raw"}, "outputs": {"data": "high"},
        },
    )  # fmt: skip


def run(*arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
    )


def started(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RUN, *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def follower(log_dir: Path) -> RunFollower:
    wait_until(lambda: log_dir.is_dir() and any(log_dir.glob("run_*/events.jsonl")))
    return RunFollower(next(log_dir.glob("run_*/events.jsonl")).parent)


def test_a_line_a_step_and_the_summary(home: Path):
    done = run(good(home), "--var", "least=100", cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    head, read, filtered, *rest = done.stdout.splitlines()
    assert head.endswith("pipeline  2 steps")
    assert (read.split()[:2], read.split()[-2:]) == (["✓", "read"], ["2", "rows"])
    assert (filtered.split()[:2], filtered.split()[-2:]) == (["✓", "filter"], ["1", "row"])
    assert rest[1].startswith("Pipeline Execution Summary")
    assert "Success: 2 | Failed: 0" in rest


def test_the_run_is_recorded_below_the_base_directory(home: Path):
    path = good(home)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    assert run(path, "--var", "least=0", cwd=elsewhere).returncode == 0
    (summary,) = open_store(home / "tracker_logs").runs()
    assert (summary.state, summary.pipeline, summary.steps_done) == ("success", "pipeline", 2)
    assert run(path, "--var", "least=0", "--log-dir", "logs", cwd=elsewhere).returncode == 0
    assert len(open_store(home / "logs").runs()) == 1
    assert run("../pipeline.json", "--base-dir", "..", "--var", "least=0", cwd=elsewhere).returncode == 0
    assert len(open_store(home / "tracker_logs").runs()) == 2


def test_signs_have_an_ascii_fallback(home: Path):
    done = run(good(home), "--var", "least=100", cwd=home, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].startswith("+ read")
    assert done.stdout.isascii()


def test_jsonl_is_the_journal_byte_for_byte(home: Path):
    path = config(home, step("talk", "talk"))
    done = subprocess.run(
        [*RUN, path, "--format", "jsonl"], cwd=home, capture_output=True, timeout=PATIENCE_S
    )
    (journal,) = (home / "tracker_logs").glob("run_*/events.jsonl")
    assert done.returncode == 0
    assert done.stdout == journal.read_bytes()
    assert json.loads(done.stdout.splitlines()[-1])["type"] == "run_finished"


def test_jsonl_comes_as_it_happens(home: Path):
    path = config(home, step("work", "sleeps"))
    process = started(path, "--format", "jsonl", cwd=home)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("message") == "sleeping now":
            break
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert json.loads(process.stdout.readlines()[-1])["state"] == "cancelled"
    assert process.wait(PATIENCE_S) == 130


def test_a_config_with_errors_does_not_start(home: Path):
    path = config(home, step("one", "talk", inputs={"data": "nobody"}))
    done = run(path, cwd=home)
    assert done.returncode == 1
    assert "`nobody`" in done.stderr
    assert f"{path}:" in done.stderr
    assert done.stdout == ""
    assert not (home / "tracker_logs").exists()


def test_text_that_does_not_parse_is_an_error_found(home: Path):
    (home / "bad.json").write_text('[{"name": "a",]')
    done = run("bad.json", cwd=home)
    assert done.returncode == 1
    assert "bad.json:1:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothere.json"], "Config source not found"),
        (["."], "."),
        (["pipeline.txt"], "txt"),
        (["pipeline.json", "--var", "novalue"], "NAME=VALUE"),
        (["pipeline.json", "--vars", "nothere.json"], "nothere.json"),
        (["pipeline.json", "--vars", "list.json"], "not a JSON object"),
        (["pipeline.json", "--vars", "broken.json"], "broken.json:1:2"),
        (["pipeline.json", "--base-dir", "nothere"], "there is no directory `nothere`"),
        (["pipeline.json", "--var", "least=1", "--log-dir", "in.csv/logs"], "cannot make a run's directory"),
        (["pipeline.json", "--max-workers", "0"], "--max-workers"),
    ],
)
def test_what_keeps_the_command_from_its_work_is_one_line_and_exit_code_2(
    home: Path, arguments: list[str], said: str
):
    good(home)
    (home / "pipeline.txt").write_text("")
    (home / "list.json").write_text("[]")
    (home / "broken.json").write_text("{,}")
    done = run(*arguments, cwd=home)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_failure_is_told_with_its_place_in_the_config(home: Path):
    path = config(
        home, step("first", "fails", outputs={"data": "a"}), step("second", "talk", inputs={"data": "a"})
    )
    done = run(path, cwd=home)
    assert done.returncode == 1
    assert done.stdout.count("'region'") == 2  # the step's line, and the summary's
    assert "error: step `first`: KeyError: 'region'" in done.stderr
    assert f"at {path}:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "⊘ second" in done.stdout


def test_keep_going_and_retries(home: Path):
    path = config(
        home, step("bad", "fails", outputs={"data": "a"}), step("good", "talk", outputs={"data": "b"})
    )
    done = run(path, "--sequential", "--keep-going", "--max-retries", 1, "--retry-delay", 0, cwd=home)
    assert done.returncode == 1
    assert "✓ good" in done.stdout
    (summary,) = open_store(home / "tracker_logs").runs()
    record = open_store(home / "tracker_logs").open(summary.run_id)
    assert len(record.step("bad").attempts) == 2


def test_quiet_says_nothing_of_a_success_and_verbose_everything(home: Path):
    path = config(home, step("work", "talk", outputs={"data": "a"}))
    assert run(path, "-q", cwd=home).stdout == ""
    usual, all_of_it = run(path, cwd=home).stdout, run(path, "-v", cwd=home).stdout
    assert "! work  on stderr" in usual
    assert "printed" not in usual
    for line in ("· work  printed", "· work  from C", "· work  no newline", "! work  descriptor two"):
        assert line in all_of_it.splitlines()


def test_variables_come_from_a_file_and_from_options(home: Path):
    (home / "values.json").write_text('{"least": 1000}')
    path = good(home)
    assert "filter" in run(path, "--vars", "values.json", cwd=home).stdout
    record = open_store(home / "tracker_logs").open(open_store(home / "tracker_logs").runs()[0].run_id)
    assert record.step("filter").rows == 0
    run(path, "--vars", "values.json", "--var", "least=5", cwd=home)
    record = open_store(home / "tracker_logs").open(open_store(home / "tracker_logs").runs()[0].run_id)
    assert record.step("filter").rows == 2


def test_a_run_that_takes_too_long_fails(home: Path):
    done = run(config(home, step("work", "stuck")), "--timeout", "1.5", cwd=home)
    assert done.returncode == 1
    assert "error: the run took longer than 1.5 s" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_run(home: Path, number: signal.Signals):
    path = config(home, step("work", "stuck"))
    process = started(path, cwd=home)
    seen = follower(home / "tracker_logs")
    wait_until(lambda: seen.poll_all().log_count >= 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "cancelling" in err
    assert "cancelled by the person" in out
    assert seen.poll_all().state == "cancelled"


def test_killing_the_command_cancels_the_run(home: Path):
    process = started(config(home, step("work", "stuck")), cwd=home)
    seen = follower(home / "tracker_logs")
    wait_until(lambda: seen.poll_all().log_count >= 2)
    process.kill()
    process.communicate()
    wait_until(lambda: seen.poll_all().state == "cancelled")


def test_a_reader_that_goes_away_is_no_error(home: Path):
    path = config(
        home, step("work", "many_lines", params={"lines": 20_000, "mark": "x"}, outputs={"data": "a"})
    )
    done = subprocess.run(
        f"{sys.executable} -m odibi_core run {path} --format jsonl | head -1",
        shell=True, cwd=home, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert json.loads(done.stdout)["type"] == "run_started"
    assert done.stderr == ""


def test_escapes_and_markup_of_a_step_reach_no_screen(home: Path):
    (home / "nasty.py").write_text(
        "def work():\n    import sys\n"
        "    print('\\x1b[2J[bold]shout[/bold]\\x1b]0;title\\x07', file=sys.stderr)\n"
        "    raise ValueError('\\x1b[31m[red]bad\\nsecond line')\n"
    )
    path = config(home, {"name": "[i]nas\u001bty", "type": "function", "value": "nasty.work"})
    done = run(path, cwd=home)
    assert "\x1b" not in done.stdout + done.stderr
    assert "[bold]shout[/bold]" in done.stdout
    assert "ValueError: [red]bad" in done.stderr
    assert "second line" in done.stderr


@pytest.mark.pty
def test_on_a_terminal_running_steps_have_bars_and_ctrl_c_cancels(home: Path):
    path = config(
        home,
        step("first", "talk", outputs={"data": "a"}),
        step("work", "sleeps", outputs={"data": "b"}),
    )
    with Terminal(*RUN, str(path), cwd=home) as terminal:
        wait_until(lambda: "✓ first" in text(terminal) and "work" in text(terminal))
        wait_until(lambda: "━" in text(terminal))
        terminal.child.sendintr()
        wait_until(lambda: "Pipeline Execution Summary" in text(terminal))
        wait_until(lambda: "[CANCELLED] work" in text(terminal))
        assert "■ work" in text(terminal)
        assert "cancelling; Ctrl+C again" in text(terminal)
        assert "━" not in text(terminal)
        terminal.child.wait()
        assert terminal.child.exitstatus == 130


def text(terminal: Terminal) -> str:
    return "\n".join(terminal.screen.display)


# -- reuse and selection ------------------------------------------------------------------------------


def chain(home: Path, last: str) -> Path:
    (home / "in.csv").write_text("id,value\n1,10\n2,200\n")
    return config(
        home,
        {"layer": "ingest", "name": "read", "value": "in.csv", "outputs": {"data": "raw"}},
        {
            "name": "filter", "type": "sql", "value": "SELECT * FROM data WHERE value > 50",
            "inputs": {"data": "raw"}, "outputs": {"data": "high"}, "metadata": {"tags": ["daily"]},
        },
        {
            "name": "last", "type": "sql", "value": last, "inputs": {"data": "high"},
            "outputs": {"data": "last"},
        },
    )  # fmt: skip


def newest(home: Path) -> dict[str, str]:
    """Returns step -> state of the newest run."""
    store = open_store(home / "tracker_logs")
    latest = store.latest()
    assert latest is not None
    return {step.info.name: step.state for step in store.open(latest.run_id).steps}


def test_resuming_a_failed_run_selecting_and_reusing(home: Path) -> None:
    path = chain(home, "SELECT error('no') AS e FROM data")
    assert run(path, cwd=home).returncode == 1
    chain(home, "SELECT count(*) AS n FROM data")
    resumed = run(path, "--resume", "failed", cwd=home)
    assert resumed.returncode == 0, resumed.stderr
    assert newest(home) == {"read": "reused", "filter": "reused", "last": "success"}
    assert "unchanged since run_" in resumed.stdout
    newest_run, failed = (summary.run_id for summary in open_store(home / "tracker_logs").recent(2))
    why = f"it failed in {failed}"
    assert f"carries on with {failed}\n" in resumed.stdout
    assert any(" last " in line and line.endswith(f"  {why}") for line in resumed.stdout.splitlines())
    shown = subprocess.run(
        [*RUN[:-1], "runs", "show", newest_run], cwd=home, capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert why in shown and ["resumes", failed] in [line.split() for line in shown.splitlines()]
    again = run(path, "--reuse", "--select", "tag:daily+", cwd=home)
    assert again.returncode == 0
    assert newest(home) == {"read": "skipped", "filter": "reused", "last": "reused"}
    fresh = run(path, "--fresh", "--keep", "none", cwd=home)
    assert fresh.returncode == 0 and set(newest(home).values()) == {"success"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--select", ""], "the selection is empty"),
        (["--select", " "], "the selection is empty"),
        (["--select", "last,filter"], "`last,filter`: no step is in all that stands between commas"),
        (["--select", "path:x"], "nothing can be selected by `path`; what can be is `name:`, `layer:`"),
        (["--select", "lst"], "no step is called `lst`; did you mean `last`"),
        (
            ["--select", "last"],
            "`last` needs `filter`, which is not selected, and no run has kept its result",
        ),
        (["--resume", "failed"], "there is no run that failed of `pipeline`"),
        (["--resume", "run_20200101_000000"], "no run `run_20200101_000000`"),
        (["--fresh", "--reuse"], "`--fresh` ignores what is kept, `--reuse` takes it"),
        (["--resume", "latest", "--reuse"], "`--resume` reuses already"),
    ],
)
def test_what_cannot_be_reused_or_selected_starts_nothing(home: Path, options: list[str], told: str) -> None:
    done = run(chain(home, "SELECT 1 AS n FROM data"), *options, cwd=home)
    assert done.returncode == 2 and told in done.stderr.replace("\n", " ")
    assert not (home / "tracker_logs").exists()


def test_what_was_not_selected_stays_out_of_a_resumed_run(home: Path) -> None:
    path = chain(home, "SELECT 1 AS n FROM data")
    (home / "in.csv").write_text("id,value\n1,many\n")
    assert run(path, "--select", "+filter", cwd=home).returncode == 1
    chain(home, "SELECT 1 AS n FROM data")
    resumed = run(path, "--resume", "failed", cwd=home)
    assert resumed.returncode == 0, resumed.stderr
    assert "selected, as in run_" in resumed.stderr and ": read, filter\n" in resumed.stderr
    assert newest(home) == {"read": "success", "filter": "success", "last": "skipped"}
    whole = run(path, "--resume", "latest", "--select", "*", "-q", cwd=home)
    assert whole.returncode == 0 and whole.stderr == ""
    assert newest(home)["last"] == "success"
