"""Pruning past runs: what goes, and that nothing else does."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from odibi_core.errors import OdibiError, RunError
from odibi_core.journal.layout import RunPaths
from odibi_core.journal.writer import JournalWriter
from odibi_core.runs.prune import PrunePolicy, parse_age, parse_size, plan_prune, prune
from odibi_core.runs.store import open_store
from tests.runs.past import LiveRun, make_run, store_table

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    """Three runs with a preview of one dataset and all rows of another, and files of others beside them."""
    for _ in range(3):
        paths = make_run(tmp_path, "success")
        with JournalWriter(paths.journal) as writer:
            store_table(paths, writer, 1, "preview", "read", pa.table({"a": [1]}))
            store_table(paths, writer, 2, "full", "sum", pa.table({"a": list(range(50))}))
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "run_other.json").write_text('{"steps": [{"step_name": "a"}], "pipeline_id": "run_other"}')
    (tmp_path / "run_broken.json").write_text("{")
    return open_store(tmp_path)


def ours(store) -> list[str]:
    return [run.run_id for run in store.runs() if not run.foreign and run.problem is None]


def apply(store, policy, now=None) -> list[str]:
    items = plan_prune(store, policy, now or datetime.now(UTC))
    for item in items:
        prune(store, item, kept_only=policy.kept_only)
    return [item.summary.run_id for item in items]


def test_the_newest_of_each_pipeline_stay(store):
    newest, *others = ours(store)
    assert apply(store, PrunePolicy(keep_last=1)) == others[::-1]
    assert ours(store) == [newest]
    left = {path.name for path in store.log_dir.iterdir()}
    assert left == {newest, f"{newest}.json", "notes.txt", "run_other.json", "run_broken.json"}


def test_old_runs_go_but_not_those_that_are_to_stay(store):
    later = max(run.started for run in store.runs() if run.started) + 40 * DAY
    assert apply(store, PrunePolicy(older_than=41 * DAY), later) == []
    newest = ours(store)[0]
    assert len(apply(store, PrunePolicy(older_than=30 * DAY, keep_last=1), later)) == 2
    assert ours(store) == [newest]
    assert apply(store, PrunePolicy(older_than=30 * DAY), later) == [newest]


def test_the_oldest_go_until_the_rest_is_small_enough(store):
    items = plan_prune(store, PrunePolicy(max_size=0), datetime.now(UTC))
    sizes = {item.summary.run_id: item.bytes for item in items}
    newest, middle, oldest = ours(store)
    assert apply(store, PrunePolicy(max_size=sizes[newest] + sizes[middle])) == [oldest]
    assert apply(store, PrunePolicy(max_size=sizes[newest] + sizes[middle])) == []


def test_a_file_that_two_runs_share_counts_once(store):
    newest, middle, _ = (store.paths(run_id) for run_id in ours(store))
    shared = newest.data / "0002.full.parquet"
    before = {
        i.summary.run_id: i.bytes for i in plan_prune(store, PrunePolicy(max_size=0), datetime.now(UTC))
    }
    (middle.data / "0002.full.parquet").unlink()
    os.link(shared, middle.data / "0002.full.parquet")
    after = {i.summary.run_id: i.bytes for i in plan_prune(store, PrunePolicy(max_size=0), datetime.now(UTC))}
    assert after[middle.run_id] == before[middle.run_id] - shared.stat().st_size
    assert after[newest.run_id] == before[newest.run_id]


def test_kept_results_alone_can_go(store):
    (torn := store.paths(ours(store)[0]).data / ".0009.full.parquet.tmp").write_bytes(b"half")
    assert len(apply(store, PrunePolicy(kept_only=True))) == 3
    assert not torn.exists()
    for run_id in ours(store):
        assert store.preview(run_id, "read") is not None and store.kept(run_id, "sum") is None
        assert store.open(run_id).state == "success"
    assert apply(store, PrunePolicy(kept_only=True)) == []


def test_a_run_that_lives_stays(store, tmp_path):
    with LiveRun(tmp_path) as live:
        gone = apply(store, PrunePolicy(keep_last=0))
        assert live.paths.run_id not in gone and live.paths.journal.exists()
        assert len(gone) == 3


def test_a_run_that_is_taken_up_between_look_and_deed_stays(store):
    paths = store.paths(ours(store)[-1])
    (item,) = (
        i
        for i in plan_prune(store, PrunePolicy(keep_last=0), datetime.now(UTC))
        if i.summary.run_id == paths.run_id
    )
    with JournalWriter(paths.journal), pytest.raises(RunError, match="is running"):
        prune(store, item)
    assert (paths.data / "0002.full.parquet").exists()


def test_what_somebody_else_put_into_a_runs_directory_stays(store, tmp_path):
    mine, linked, nested = (store.paths(run_id) for run_id in ours(store))
    (mine.directory / "notes.txt").write_text("mine")
    (mine.data / "9.parquet").write_text("mine too")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0001.full.parquet").write_bytes(b"theirs")
    shutil.rmtree(linked.data)
    linked.data.symlink_to(outside)
    (nested.data / "0007.full.parquet").mkdir()
    assert len(apply(store, PrunePolicy(keep_last=0))) == 3
    assert sorted(p.name for p in mine.directory.rglob("*")) == ["9.parquet", "data", "notes.txt"]
    assert (outside / "0001.full.parquet").exists()
    assert (nested.data / "0007.full.parquet").is_dir()
    assert not any(RunPaths.of(p.directory).final_log.exists() for p in (mine, linked, nested))


@pytest.mark.parametrize(
    ("text", "days"), [("30d", 30), ("12h", 0.5), ("2w", 14), (" 1.5 d", 1.5), ("1440m", 1)]
)
def test_lengths_of_time(text, days):
    assert parse_age(text) == days * DAY


@pytest.mark.parametrize(
    ("text", "size"),
    [("5GB", 5 * 10**9), ("300 mb", 3 * 10**8), ("1.5T", 1.5 * 10**12), ("17", 17), ("2KB", 2000)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("read", "text"), [(parse_age, "30"), (parse_age, "d"), (parse_size, "5 XB"), (parse_size, "")]
)
def test_what_is_neither(read, text):
    with pytest.raises(OdibiError) as caught:
        read(text)
    assert caught.value.help
