"""`odibi-core runs`: what is listed and shown, as text and as JSON, and the exit codes."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from odibi_core.cli import main
from odibi_core.journal import events as ev
from tests.journal.journals import at
from tests.runs.past import LiveRun, make_run

FOREIGN = Path(__file__).parent.parent / "data" / "run_logs"


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "tracker_logs"


def runs(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main.run(["runs", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_list_has_a_line_a_run(logs, capsys):
    first, second = make_run(logs), make_run(logs, "failed", minute=1)
    make_run(logs, "running", minute=2)
    (logs / "run_x.json").write_text("[1]")
    os.utime(logs / "run_x.json", (0, 0))
    code, out, err = runs(capsys, "list")
    head, killed, failed, success, damaged = out.splitlines()
    assert (code, err) == (0, "") and head.split()[:3] == ["run", "started", "length"]
    assert success.split() == [
        "✓",
        first.run_id,
        *success.split()[2:4],
        "5.0",
        "s",
        "2/2",
        "2",
        "retail.json",
    ]
    assert failed.startswith(f"✗  {second.run_id}") and failed.endswith("sum: KeyError 'region'")
    assert killed.startswith("?") and killed.endswith("interrupted (process gone)")
    assert damaged.startswith("!") and damaged.endswith("not a run log: expected an object, found a list")
    assert runs(capsys, "list", "-n", "1")[1].splitlines() == [
        head,
        *runs(capsys, "list", "-n1")[1].splitlines()[1:],
    ]


def test_a_list_as_json_is_an_object_a_line(logs, capsys):
    paths = make_run(logs, "failed")
    code, out, _ = runs(capsys, "list", "--format", "json")
    (row,) = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert (row["run_id"], row["state"], row["steps_done"], row["note"]) == (
        paths.run_id,
        "failed",
        1,
        "sum: KeyError 'region'",
    )
    assert row["path"] == f"tracker_logs/{paths.run_id}.json" and row["started"].startswith(
        "2026-01-31T12:00:00"
    )


def test_no_runs_is_no_error_and_says_what_makes_one(logs, capsys):
    assert runs(capsys, "list") == (
        0,
        "",
        "no runs in `tracker_logs`; `odibi-core run CONFIG` makes the first\n",
    )
    assert runs(capsys, "list", "--format", "json")[:2] == (0, "")


def test_runs_are_looked_for_beside_a_config(tmp_path, capsys):
    config = tmp_path / "pipelines" / "retail.json"
    config.parent.mkdir()
    config.write_text("[]")
    paths = make_run(config.parent / "tracker_logs")
    for arguments in ([str(config)], [str(config.parent)], ["--base-dir", str(config)]):
        assert paths.run_id in runs(capsys, "list", *arguments)[1]
    assert paths.run_id in runs(capsys, "show", "--base-dir", str(config.parent))[1]
    assert paths.run_id in runs(capsys, "list", "--log-dir", str(config.parent / "tracker_logs"))[1]


def test_runs_beside_a_config_a_level_below_are_found_when_there_is_one_such_place(logs, capsys):
    run = make_run(Path("pipelines") / "tracker_logs")
    code, out, err = runs(capsys, "show")
    assert code == 0
    assert run.run_id in out
    assert err == "runs of `pipelines/tracker_logs`\n"
    make_run(Path("others") / "tracker_logs")
    code, _, err = runs(capsys, "list")
    assert code == 2
    assert "`others/tracker_logs`, `pipelines/tracker_logs`; name one with `--log-dir`" in err
    here = make_run(logs)
    assert here.run_id in runs(capsys, "list")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--log-dir", "gone"], "there is no directory `gone`"),
        (["list", "gone.json"], "there is no file or directory `gone.json`"),
        (["show"], "no runs in `tracker_logs`"),
        (["show", "run_gone"], "no run `run_gone` in `tracker_logs`"),
        (["show", "gone/run.json"], "there is no file `gone/run.json`"),
        (["show", "--format", "xml"], "'xml'"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_code_two(logs, capsys, arguments, message):
    code, out, err = runs(capsys, *arguments)
    assert (code, out) == (2, "") and message in err and "Traceback" not in err


def test_a_misspelled_run_gets_a_suggestion(logs, capsys):
    paths = make_run(logs)
    code, _, err = runs(capsys, "show", paths.run_id.replace("2026", "2025"))
    assert code == 2 and f"did you mean `{paths.run_id}`?" in err


def test_a_file_that_is_no_run_log_says_what_is_wrong(logs, capsys):
    logs.mkdir()
    (logs / "run_x.json").write_text('{"steps": [{"layer": "x"}]}')
    code, _, err = runs(capsys, "show", "run_x")
    assert code == 2
    assert err == "error: `tracker_logs/run_x.json` is not a run log: `steps[0]` has no `step_name`\n"


def test_a_run_is_shown_with_its_steps(logs, capsys):
    paths = make_run(logs)
    code, out, err = runs(capsys, "show")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"✓ {paths.run_id}  success  5.0 s"
    assert "  pipeline  retail.json" in lines and "  rows out  2" in lines and "  log       1 line" in lines
    assert "  ✓  read  transform  1.0 s            3 × 2" in lines
    assert "  ✓  sum   transform  1.0 s  3 × 2  →  2 × 1  -id" in lines


def test_a_failed_run_tells_the_error_its_place_and_what_to_do(logs, capsys):
    error = ev.ErrorInfo(
        "duckdb.BinderException",
        "no column `amout`\nin line 1",
        help="a column `amount` exists",
        diagnostic={"path": "retail.json", "line": 18, "column": 41},
    )
    make_run(logs, "failed", more=[ev.StepFinished(step="read", state="failed", error=error, ts=at(2))])
    out = runs(capsys, "show")[1]
    assert "\n  sum: KeyError: 'region'\n" in out
    shown = runs(capsys, "show", "latest", "--format", "json")[1]
    assert json.loads(shown)["state"] == "failed"
    make_run(
        logs, "crashed", minute=1, more=[ev.StepFinished(step="late", state="failed", error=error, ts=at(2))]
    )
    out = runs(capsys, "show")[1]
    assert "  late: BinderException: no column `amout`\n    in line 1\n    at retail.json:18:41\n" in out
    assert "    a column `amount` exists\n" in out


def test_the_log_is_shown_when_asked_for(logs, capsys):
    more = [
        ev.Log(message="two\nlines", level="warning", step="sum", ts=at(3)),
        ev.Log(message="alone", ts=at(4)),
    ]
    paths = make_run(logs, more=more)
    assert "reading" not in runs(capsys, "show")[1]
    lines = runs(capsys, "show", "--log")[1].splitlines()
    assert [line[13:] for line in lines[-4:]] == [
        "info    read  reading",
        "warning sum  two",
        "        lines",
        "info    alone",
    ]
    shown = json.loads(runs(capsys, "show", paths.run_id, "--log", "--format", "json")[1])
    assert [line["message"] for line in shown["log"]] == ["reading", "two\nlines", "alone"]
    assert shown["pipeline_id"] == paths.run_id


def test_a_run_by_its_path_in_each_form(logs, capsys):
    paths = make_run(logs)
    for path in (paths.final_log, paths.directory, paths.journal):
        code, out, _ = runs(capsys, "show", str(path), "--log")
        assert code == 0 and paths.run_id in out and "reading" in out


def test_a_log_of_another_program_is_shown(logs, capsys):
    code, out, err = runs(capsys, "show", str(FOREIGN / "run_20240115_093000.json"), "--log")
    assert code == 0 and "by another program" in out and "big_orders" in out and "+grade -customer" in out
    assert "log lines are not kept" in err


def test_a_live_run_is_shown_as_running(logs, capsys):
    with LiveRun(logs) as run:
        assert f"◐ {run.paths.run_id}  running" in runs(capsys, "show")[1]
        assert runs(capsys, "list")[1].splitlines()[1].endswith("running")


def test_hostile_names_and_messages_are_shown_as_text(logs, capsys):
    evil = "\x1b[31m[bold]x[/bold]\x07\u202e"
    log = {
        "pipeline_id": evil,
        "pipeline": evil,
        "steps": [{"step_name": evil, "layer": evil, "state": "failed", "error_message": evil}],
    }
    logs.mkdir()
    (logs / "run_evil.json").write_text(json.dumps(log))
    for arguments in (["list"], ["show", "run_evil"], ["show", "tracker_logs/run_evil.json"]):
        out = runs(capsys, *arguments)[1]
        assert "[bold]x[/bold]" in out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)


def test_on_a_terminal_it_is_coloured_and_still_literal(logs):
    evil = {"step_name": "[red]a[/red]", "state": "failed", "error_message": ":smile: [b]x"}
    logs.mkdir()
    (logs / "run_evil.json").write_text(json.dumps({"steps": [evil]}))
    master, slave = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "odibi_core", "runs", "show"],
        stdout=slave,
        stderr=slave,
        cwd=logs.parent,
        env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": "", "COLUMNS": "80"},
    )
    os.close(slave)
    out = b""
    try:
        while chunk := os.read(master, 4096):
            out += chunk
    except OSError:  # the other side has closed
        pass
    os.close(master)
    assert done.wait() == 0
    text = out.decode()
    assert "\x1b[31m" in text and "[red]a[/red]" in text and ":smile: [b]x" in text


def test_ascii_stands_for_signs_where_the_output_takes_no_others(logs):
    make_run(logs)
    shutil.copy(FOREIGN / "run_20240115_093000.json", logs)
    done = subprocess.run(
        [sys.executable, "-m", "odibi_core", "runs", "show"],
        capture_output=True,
        cwd=logs.parent,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0 and b"  +  sum   transform  1.0 s  3 x 2  ->  2 x 1" in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["list", "--help"], ["show", "--help"]])
def test_help_has_examples(arguments, capsys):
    code, out, _ = runs(capsys, *arguments)
    assert code == 0 and "Examples:\n  " in out and "odibi-core runs " in out


def test_listing_imports_nothing_heavy(logs):
    make_run(logs, "failed")
    probe = (
        "import sys; from odibi_core.cli.main import run; run(['runs', 'list']); run(['runs', 'show']); "
        "print([n for n in 'pandas duckdb pyarrow pyspark textual rich.console'.split() if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=logs.parent, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_one_endless_name_does_not_widen_every_line(logs, capsys):
    make_run(logs)
    (logs / "run_long.json").write_text(json.dumps({"pipeline": "x" * 5000, "steps": []}))
    lines = runs(capsys, "list")[1].splitlines()
    assert max(map(len, lines)) > 5000 and sorted(map(len, lines))[1] < 200


def test_prune_prints_what_goes_and_asks_nothing(logs, capsys):
    for minute in range(3):
        make_run(logs, "success", minute=minute)
    assert runs(capsys, "prune")[0] == 2
    code, out, err = runs(capsys, "prune", "--keep-last", "1", "--dry-run")
    assert (code, out.count("not among the last 1")) == (0, 2) and "2 runs" in err and "would go" in err
    assert len(list(logs.glob("*.json"))) == 3
    code, out, _ = runs(capsys, "prune", "--keep-last", "1", "--format", "json")
    assert code == 0 and [json.loads(line)["removed"] for line in out.splitlines()] == [True, True]
    assert len(list(logs.glob("*.json"))) == 1
    assert "nothing to prune" in runs(capsys, "prune", "--keep-last", "1")[2]
    assert runs(capsys, "prune", "--older-than", "soon")[0] == 2


def test_of_many_runs_the_newest_are_listed_and_it_is_said_how_to_see_all(logs, capsys, monkeypatch):
    for minute in range(4):
        make_run(logs, minute=minute)
    monkeypatch.setattr("odibi_core.cli.runs._LISTED", 3)
    code, out, err = runs(capsys, "list")
    assert (code, len(out.splitlines()), err) == (0, 4, "the newest 3; `--all` lists all\n")
    assert len(runs(capsys, "list", "--all")[1].splitlines()) == 5
    assert len(runs(capsys, "list", "--format", "json")[1].splitlines()) == 4
    assert len(runs(capsys, "list", "-n", "2")[1].splitlines()) == 3


def test_the_length_of_a_run_that_goes_on_is_that_so_far(logs, capsys):
    with LiveRun(logs) as live:
        head = runs(capsys, "show", live.paths.run_id)[1].splitlines()[0]
        assert "running" in head and head.endswith(" so far") and "–" not in head


def test_a_reader_of_a_list_that_goes_away_is_no_error(logs):
    for minute in range(3):
        make_run(logs, minute=minute)
    command = f"set -o pipefail; {sys.executable} -m odibi_core runs list | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
