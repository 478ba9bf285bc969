"""`odibi-core runs diff`: what is told of two runs, as text and as JSON, and the exit codes."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from odibi_core.cli import main
from odibi_core.journal.writer import JournalWriter
from tests.runs.past import make_run, store_table


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "tracker_logs"


def run_with(logs, rows: dict, minute: int, previewed: int = 1000):
    paths = make_run(logs, minute=minute, log=False)
    with JournalWriter(paths.journal) as writer:
        table = pa.table(rows)
        store_table(paths, writer, 1, "preview", "read", table.slice(0, previewed))
        store_table(paths, writer, 2, "full", "read", table)
    return paths.run_id


@pytest.fixture
def pair(logs):
    """Two runs: of three rows one has gone, one is another, one is new."""
    before = run_with(logs, {"id": [1, 2, 3], "amount": [1.0, 2.0, 3.0]}, 0)
    return before, run_with(logs, {"id": [1, 3, 4], "amount": [1.0, 3.5, 4.0]}, 1)


def diff(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main.run(["runs", "diff", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_last_two_runs_are_compared_by_default_the_older_one_first(pair, capsys):
    code, out, err = diff(capsys)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith(f"A {pair[0]}") and out.splitlines()[1].startswith(f"B {pair[1]}")
    assert out.splitlines()[2:] == [
        "",
        "data",
        "  ~ read  +1 -1 ~1 =1  by id (found), all rows",
        "      amount: 1 cell changed (50.0 %)",
        "      - id=2  amount=2",
        "      ~ id=3  amount 3 → 3.5",
        "      + id=4  amount=4",
        "      drift of amount: small  max 3 → 4  mean 2 → 2.833333333  50 % 2 → 3.5  75 % 3 → 4",
        "    sum  rows not compared: the rows are not stored",
    ]


def test_runs_are_named_by_id_word_or_path(pair, logs, capsys):
    whole = diff(capsys)[1]
    for names in (
        ("previous", "latest"),
        ("previous", pair[1]),
        pair,
        (str(logs / pair[0]), str(logs / pair[1])),
    ):
        assert diff(capsys, *names)[1] == whole
    code, out, err = diff(capsys, "latest", pair[0], "--no-data")
    assert out.splitlines()[0].startswith(f"A {pair[1]}") and out.splitlines()[-1] == "nothing differs"
    code, _, err = diff(capsys, "previous", pair[0])
    assert code == 2 and f"there is no run of `retail.json` before `{pair[0]}` in `tracker_logs`" in err
    code, out, err = diff(capsys, pair[0], "run_20260131_999999")
    assert code == 2 and "no run `run_20260131_999999`" in err


def test_json_tells_everything_in_one_object(pair, capsys):
    code, out, _ = diff(capsys, "--format", "json", "--tolerance", "0")
    assert code == 0 and out.count("\n") == 1
    found = json.loads(out)
    assert [found[side]["run_id"] for side in ("before", "after")] == list(pair)
    (data,) = found["steps"][0]["data"]
    assert (data["dataset"], data["basis"], data["key"]) == ("read", "all rows", ["id"])
    assert [data[name] for name in ("added", "removed", "changed", "same")] == [1, 1, 1, 1]
    assert (data["changed_cells"], data["change_rates"]) == ({"amount": 1}, {"amount": 0.5})
    assert [(row["sign"], row["key"], row["changed"]) for row in data["rows"]] == [
        ("-", {"id": 2}, []),
        ("~", {"id": 3}, ["amount"]),
        ("+", {"id": 4}, []),
    ]
    amount = next(column for column in data["drift"] if column["column"] == "amount")
    assert amount["level"] != "none"


def test_a_limit_shows_fewer_rows_and_full_all_of_them(logs, capsys):
    run_with(logs, {"id": list(range(100)), "v": [0] * 100}, 0)
    run_with(logs, {"id": list(range(100)), "v": [1] * 100}, 1)
    assert "      80 more; `--full` shows all" in diff(capsys)[1].splitlines()
    assert sum("~ id=" in line for line in diff(capsys, "--limit", "3")[1].splitlines()) == 3
    assert sum("~ id=" in line for line in diff(capsys, "--full")[1].splitlines()) == 100
    assert (
        len(json.loads(diff(capsys, "--full", "--format", "json")[1])["steps"][0]["data"][0]["rows"]) == 100
    )


def test_only_the_steps_named_are_told_by_the_key_given(pair, capsys):
    out = diff(capsys, "--step", "read", "--key", "amount")[1]
    assert "+2 -2 ~0 =1  by amount, all rows" in out and "sum" not in out
    code, _, err = diff(capsys, "--step", "reed")
    assert (code, err) == (2, "error: neither run has a step `reed`; they have a step `read`\n")
    assert "key column `x` is missing before" in diff(capsys, "--key", "x")[1]


def test_a_tolerance_forgives(pair, capsys):
    assert "+1 -1 ~0 =2" in diff(capsys, "--tolerance", "0.2")[1]


def test_the_exit_code_tells_of_differences_where_it_is_asked_to(pair, logs, capsys):
    assert diff(capsys, "--exit-code")[0] == 1
    assert diff(capsys, pair[0], pair[0], "--exit-code")[0] == 0
    assert diff(capsys, pair[0], pair[0])[1].splitlines()[-1] == "  = 1 other dataset the same"


def test_the_exit_code_is_another_where_data_may_differ_but_could_not_be_compared(logs, capsys):
    for minute in (0, 1):
        run_with(logs, {"id": [1, 2, 2], "v": [1.0, 2.0, 2.5 + minute]}, minute)
    code, out, err = diff(capsys, "--exit-code", "--key", "id")
    assert (
        "rows not compared: `id` is not unique before; name a key of more columns, `--key a,b` or"
        " `metadata.key`" in out
    )
    assert (code, err) == (2, "some data could not be compared, so they may differ (exit code 2)\n")
    assert diff(capsys, "--exit-code", "--key", "id", "--no-data")[0] == 0
    assert diff(capsys, "--key", "id")[0] == 0
    assert diff(capsys, "--exit-code", "--key", "id", "--format", "json")[0] == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_damaged_dataset_is_no_proof_that_nothing_differs(logs, capsys, form):
    rows = {"id": [1, 2, 3]}
    run_with(logs, rows, 0)
    last = run_with(logs, rows, 1)
    (logs / last / "data" / "0001.preview.parquet").write_bytes(b"PAR1" + b"x" * 500)
    code, out, _ = diff(capsys, "--exit-code", "--format", form)
    assert code == 2 and "cannot be read as Parquet" in out
    if form == "json":
        (data,) = json.loads(out)["steps"][0]["data"]
        assert data["dataset"] == "read" and "cannot be read as Parquet" in data["error"]


def test_logs_that_tell_of_no_rows_are_no_proof_that_nothing_differs(logs, capsys):
    logs.mkdir()
    after = {"row_count": 3, "schema": [{"column": "id", "type": "int64"}], "sample_data": []}
    step = {"step_name": "read", "layer": "ingest", "state": "success", "after_snapshot": after}
    for name in ("run_a.json", "run_b.json"):
        (logs / name).write_text(json.dumps({"pipeline_id": "x", "steps": [step]}))
    names = str(logs / "run_a.json"), str(logs / "run_b.json")
    assert diff(capsys, *names, "--exit-code")[0] == 2
    assert diff(capsys, *names, "--exit-code", "--no-data")[0] == 0


@pytest.mark.parametrize("size", ["foo", "0", "-5GB", "0GB", "1KB", "80%", "none", ""])
def test_a_memory_limit_that_is_none_is_told_before_anything_is_compared(pair, capsys, size):
    code, out, err = diff(capsys, "--memory", size)
    assert (code, out) == (2, "") and f"`{size}` is" in err and "--memory" in err


@pytest.mark.parametrize("size", ["1GB", "500 MB", "1.5GiB", "20m"])
def test_a_memory_limit_is_taken(pair, capsys, size):
    assert diff(capsys, "--memory", size)[0] == 0


def test_the_last_run_named_alone_is_compared_with_the_one_before(pair, capsys):
    whole = diff(capsys)[1]
    assert diff(capsys, "latest")[1] == whole
    assert diff(capsys, pair[1])[1] == whole
    assert diff(capsys, pair[0])[1] == whole
    assert diff(capsys, "latest", "latest")[1].count(pair[1]) == 2


def test_what_steps_printed_into_their_data_is_never_more_than_text(logs, capsys):
    run_with(logs, {"id": ["a\x1b[31mb"], "v": ["[bold]x[/]\nnext"]}, 0)
    run_with(logs, {"id": ["a\x1b[31mb"], "v": ["y"]}, 1)
    out = diff(capsys)[1]
    assert "\x1b" not in out and "~ id=ab  v [bold]x[/] next → y" in out


def test_damage_to_one_dataset_is_told_and_the_others_are_compared(pair, logs, capsys):
    (logs / pair[1] / "data" / "0001.preview.parquet").write_bytes(b"PAR1" + b"x" * 500)
    code, out, _ = diff(capsys)
    assert code == 0 and "  ! read" in out and "cannot be read as Parquet" in out
    assert "    sum  rows not compared: the rows are not stored" in out.splitlines()


def test_logs_of_other_programs_are_compared_as_far_as_they_tell(logs, capsys):
    logs.mkdir()
    for name, rows in (("run_a.json", 3), ("run_b.json", 4)):
        after = {"row_count": rows, "schema": [{"column": "id", "type": "int64"}], "sample_data": []}
        step = {"step_name": "read", "layer": "ingest", "state": "success", "after_snapshot": after}
        (logs / name).write_text(json.dumps({"pipeline_id": name, "steps": [step]}))
    code, out, _ = diff(capsys, str(logs / "run_a.json"), str(logs / "run_b.json"))
    assert code == 0 and "  ~  read  3 → 4  +1" in out.splitlines()
