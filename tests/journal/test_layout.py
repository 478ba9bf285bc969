"""Where a run's files lie, and that one id is claimed once."""

from __future__ import annotations

import os
from datetime import datetime

import pytest

from odibi_core.errors import JournalError
from odibi_core.journal.layout import RunPaths, claim_run, is_run_id

NOON = datetime(2026, 1, 31, 12, 0, 0)


def test_runs_of_one_second_get_ids_of_their_own(tmp_path):
    ids = [claim_run(tmp_path / "deep" / "logs", NOON).run_id for _ in range(3)]
    assert ids == ["run_20260131_120000", "run_20260131_120000_2", "run_20260131_120000_3"]
    assert all(is_run_id(run_id) for run_id in ids)


def test_an_id_that_only_a_final_log_uses_is_taken(tmp_path):
    (tmp_path / "run_20260131_120000.json").write_text("{}")
    assert claim_run(tmp_path, NOON).run_id == "run_20260131_120000_2"


def test_processes_that_start_together_never_share_an_id(tmp_path):
    reading, writing = os.pipe()
    for _ in range(4):
        if os.fork() == 0:
            for _ in range(10):
                os.write(writing, f"{claim_run(tmp_path, NOON).run_id}\n".encode())
            os._exit(0)
    os.close(writing)
    for _ in range(4):
        os.wait()
    with os.fdopen(reading) as pipe:
        ids = pipe.read().split()
    assert len(ids) == len(set(ids)) == 40


def test_a_directory_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"cannot make a run's directory in .*--log-dir"):
        claim_run(tmp_path / "file", NOON)


def test_the_files_of_a_run(tmp_path):
    paths = RunPaths.of(tmp_path / "run_1")
    assert paths.journal == tmp_path / "run_1" / "events.jsonl"
    assert paths.final_log == tmp_path / "run_1.json"
    assert paths.config == tmp_path / "run_1" / "config.json"
    assert paths.cancel_file == tmp_path / "run_1" / "cancel"
    assert paths.directory / paths.data_file(3, "preview") == paths.data / "0003.preview.parquet"


@pytest.mark.parametrize(
    "name", ["run_1", "run_20260131_120000_", "run_20260131_120000_0", "xrun_20260131_120000"]
)
def test_other_names_are_no_run_ids(name):
    assert not is_run_id(name)
