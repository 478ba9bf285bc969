"""The profiles a run leaves: what it stores, what is told from the rows it kept, and what is kept out."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from odibi_core.engine.profiling import profile_arrow
from odibi_core.errors import RunLogError
from odibi_core.journal.profile import Histogram
from odibi_core.runs.profile_rows import NAMES, bars, column_rows
from odibi_core.runs.store import open_store
from tests.builders import orchestrator, sql

MANY = "SELECT range AS id, range % 5 AS grp FROM range(3000)"
FEW = "SELECT range AS id FROM range(10)"


def ran(tmp_path: Any, *steps: Any, **options: Any) -> Any:
    """Runs steps and returns the tracker."""
    return orchestrator(list(steps), tmp_path / "logs", **options).run().tracker


def files(tracker: Any) -> list[str]:
    return sorted(path.name for path in tracker.paths.data.glob("*.profile.json"))


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_a_dataset_beyond_its_preview_has_its_profile_stored(tmp_path: Any, engine: str) -> None:
    tracker = ran(tmp_path, sql("many", MANY, engine=engine))
    store = open_store(tmp_path / "logs")
    record = store.open(tracker.run_id)
    assert record.datasets["many"].profile_file == f"data/{files(tracker)[0]}"
    profile = store.profile(tracker.run_id, "many")
    assert (profile.rows, profile.basis) == (3_000, "all")
    assert profile.column("id").max == 2_999 and profile.column("grp").distinct == 5


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_a_small_dataset_costs_the_run_nothing_and_has_a_profile(tmp_path: Any, engine: str) -> None:
    tracker = ran(tmp_path, sql("few", FEW, engine=engine))
    assert files(tracker) == []
    profile = open_store(tmp_path / "logs").profile(tracker.run_id, "few")
    assert (profile.rows, profile.basis, profile.columns[0].max) == (10, "all", 9)
    assert profile.columns[0].type == "int64"


def test_a_dataset_that_many_steps_read_is_profiled_once(tmp_path: Any) -> None:
    tracker = ran(
        tmp_path, sql("many", MANY), sql("a", "SELECT 1 AS x FROM m LIMIT 1", m="many"),
        sql("b", "SELECT 2 AS x FROM m LIMIT 1", m="many"),
    )  # fmt: skip
    assert len(files(tracker)) == 1


def test_off_stores_none_and_what_is_told_is_of_the_first_rows(tmp_path: Any) -> None:
    tracker = ran(tmp_path, sql("many", MANY), profile="off")
    assert files(tracker) == []
    profile = open_store(tmp_path / "logs").profile(tracker.run_id, "many")
    assert profile.said_basis() == "the first 1,000 of 3,000 rows"


def test_without_previews_there_are_no_profiles_unless_they_are_asked_for(tmp_path: Any) -> None:
    quiet = ran(tmp_path, sql("few", FEW), previews=False)
    assert open_store(tmp_path / "logs").profile(quiet.run_id, "few") is None
    asked = ran(tmp_path, sql("few", FEW), previews=False, profile="sample")
    assert open_store(tmp_path / "logs").profile(asked.run_id, "few").columns[0].max == 9
    assert not list(asked.paths.data.glob("*.parquet"))


def test_the_mode_is_recorded_with_the_run(tmp_path: Any) -> None:
    assert ran(tmp_path, sql("few", FEW), profile="full").view.options["profile"] == "full"


def test_secrets_are_in_no_profile(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2-hunter2")
    query = "SELECT ${env:TOKEN} AS t, 'x' || ${env:TOKEN} AS u, range AS n FROM range(2000)"
    tracker = ran(tmp_path, sql("many", query))
    (file,) = tracker.paths.data.glob("*.profile.json")
    assert b"hunter2" not in file.read_bytes()
    columns = json.loads(file.read_bytes())["columns"]
    assert columns[0]["min"] == "***" and columns[0]["top"] == [["***", 2000]]
    assert columns[1]["max"] == "x***"


def test_what_cannot_be_profiled_is_told_and_harms_nothing(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    from odibi_core.engine.duckdb_context import DuckDBEngineContext

    def broken(*_: Any, **__: Any) -> Any:
        raise duckdb.OutOfRangeException("too far")

    monkeypatch.setattr(DuckDBEngineContext, "profile", broken)
    tracker = ran(tmp_path, sql("many", MANY))
    assert tracker.view.state == "success"
    journal = tracker.paths.journal.read_text()
    assert "no profile of `many`: too far" in journal


def test_a_retry_leaves_no_profile_of_the_data_before(tmp_path: Any) -> None:
    from odibi_core.journal.events import DatasetStored
    from odibi_core.journal.fold import RunBuilder

    builder = RunBuilder()
    for kind in ("preview", "profile", "preview"):
        builder.apply(DatasetStored(dataset="d", kind=kind, file=f"data/{kind}", rows=1))
    assert builder.view().datasets["d"].profile_file is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"rows": "x"}', b"\xff\xfe"])
def test_a_damaged_profile_is_an_error_that_names_the_file(tmp_path: Any, damage: bytes) -> None:
    tracker = ran(tmp_path, sql("many", MANY))
    (file,) = tracker.paths.data.glob("*.profile.json")
    file.write_bytes(damage)
    with pytest.raises(RunLogError, match=r"profile\.json` is not a profile"):
        open_store(tmp_path / "logs").profile(tracker.run_id, "many")


def test_a_profile_outside_the_run_is_not_read(tmp_path: Any) -> None:
    tracker = ran(tmp_path, sql("many", MANY))
    journal = tracker.paths.journal
    journal.write_text(journal.read_text().replace("data/0002.profile.json", "../../secret.json"))
    with pytest.raises(RunLogError, match="not inside the run's directory"):
        open_store(tmp_path / "logs").profile(tracker.run_id, "many")


def test_the_final_log_alone_finds_it(tmp_path: Any) -> None:
    tracker = ran(tmp_path, sql("many", MANY))
    tracker.paths.journal.unlink()
    assert open_store(tmp_path / "logs").profile(tracker.run_id, "many").rows == 3_000


def test_an_unknown_dataset_has_none(tmp_path: Any) -> None:
    tracker = ran(tmp_path, sql("few", FEW))
    assert open_store(tmp_path / "logs").profile(tracker.run_id, "nothing") is None


def test_a_row_tells_what_there_is_of_a_column() -> None:
    table = pa.table({"n": [1, 2, 2, None], "t": ["", "a", "a", " b"], "l": [[1], [], None, None]})
    rows = column_rows(profile_arrow(table), {"n": "BIGINT"})
    by_name = [dict(zip(NAMES, row, strict=True)) for row in rows]
    assert by_name[0] == {
        "column": "n", "type": "int64", "histogram": "▅█", "nulls": "1", "distinct": "2", "min": "1",
        "max": "2", "mean": "1.66667", "25 %": "1", "50 %": "2", "75 %": "2", "top values": "2 ×2, 1 ×1",
        "native": "BIGINT",
    }  # fmt: skip
    assert (by_name[1]["min"], by_name[1]["top values"]) == ('""', 'a ×2, "" ×1, " b" ×1')
    assert (by_name[2]["nulls"], by_name[2]["distinct"], by_name[2]["min"]) == ("2", "–", "–")


def test_bars_are_never_empty_where_something_is() -> None:
    histogram = Histogram(tuple(range(6)), (0, 1, 50, 100, 0))
    assert bars(histogram) == " ▁▅█"
    assert bars(histogram, ascii_only=True) == " .+@"
