"""`odibi-core runs profile`, and what `run` and `runs show` tell of expectations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from odibi_core.cli import main
from odibi_core.errors import ExpectationError
from odibi_core.journal.profile import decode_profile
from tests.builders import orchestrator, sql

MANY = (
    "SELECT range AS id, range % 5 AS grp, CASE WHEN range < 7 THEN NULL ELSE range / 4.0 END AS x "
    "FROM range(3000)"
)


@pytest.fixture
def logs(tmp_path: Any) -> Any:
    """A run of two steps, of which one stores a profile."""
    read = sql("read", MANY)
    read.metadata["expect"] = [{"not_null": "x", "severity": "warn"}, {"not_null": "id"}]
    orchestrator([read, sql("few", "SELECT 1 AS one FROM r LIMIT 1", r="read")], tmp_path).run()
    return tmp_path


class Answer:
    """What the command wrote, and its exit code."""

    def __init__(self, capsys: Any, logs: Any, *arguments: str, command: str = "profile") -> None:
        capsys.readouterr()
        self.exit_code = main.run(["runs", command, *arguments, "--log-dir", str(logs)])
        self.output, self.error = capsys.readouterr()


@pytest.fixture
def asked(capsys: Any) -> Any:
    return lambda logs, *arguments, **options: Answer(capsys, logs, *arguments, **options)


def test_the_statistics_of_a_steps_result_are_a_table_that_says_what_it_is_of(logs: Any, asked: Any) -> None:
    done = asked(logs, "latest", "read")
    assert done.exit_code == 0, done.error
    first, heads, ident, group, x = done.output.splitlines()
    assert first == "all rows"
    assert heads.split()[:6] == ["column", "type", "histogram", "nulls", "distinct", "min"]
    assert ident.split()[:2] == ["id", "int64"] and "3,000" in ident
    assert "0 ×600, 1 ×600" in group and "  7  " in x


def test_what_came_in_is_told_where_it_is_asked_for_or_all_there_is(logs: Any, asked: Any) -> None:
    assert len(asked(logs, "latest", "few").output.splitlines()) == 3
    assert len(asked(logs, "latest", "few", "--before").output.splitlines()) == 5


def test_as_json_it_is_the_profile(logs: Any, asked: Any) -> None:
    profile = decode_profile(asked(logs, "latest", "read", "--format", "json").output.encode())
    assert (profile.rows, profile.column("grp").distinct) == (3_000, 5)


@pytest.mark.parametrize(
    ("step", "said"), [("raed", "has no step `raed`; did you mean `read`"), ("zzz", "has no step `zzz`")]
)
def test_a_step_that_is_not_there_is_told(logs: Any, asked: Any, step: str, said: str) -> None:
    done = asked(logs, "latest", step)
    assert done.exit_code == 2 and said in done.error


def test_a_run_without_profiles_says_why_there_is_none(tmp_path: Any, asked: Any) -> None:
    orchestrator([sql("read", MANY)], tmp_path, previews=False).run()
    done = asked(tmp_path, "latest", "read")
    assert done.exit_code == 2 and "has no profile of the data of `read`" in done.error


def test_show_tells_what_is_not_as_expected_and_the_rows(logs: Any, asked: Any) -> None:
    output = asked(logs, "latest", command="show").output
    assert "1 of 2 expectations not met" in output
    assert "! read: not_null(x)  `x` is null in 7 of 3,000 rows" in output
    rows = [json.loads(line) for line in output.splitlines() if line.strip().startswith("{")]
    assert rows[0] == {"id": 0, "grp": 0, "x": None} and len(rows) == 5


def test_show_counts_what_is_met(tmp_path: Any, asked: Any) -> None:
    read = sql("read", "SELECT 1 AS id")
    read.metadata["expect"] = [{"not_null": "id"}]
    orchestrator([read], tmp_path).run()
    assert "1 expectation met" in asked(tmp_path, "latest", command="show").output


def test_show_tells_of_a_failure_by_expectation(tmp_path: Any, asked: Any) -> None:
    read = sql("read", "SELECT 1 AS id")
    read.metadata["expect"] = [{"row_count": {"min": 2}}]
    with pytest.raises(ExpectationError):
        orchestrator([read], tmp_path).run()
    output = asked(tmp_path, "latest", command="show").output
    assert "✗ read: row_count  1 row, fewer than 2" in output
    assert "ExpectationError: expectation `row_count` is not met: 1 row, fewer than 2" in output
