"""The examples of docs/reader.md, run as they stand."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import pkgutil
from pathlib import Path

import pyarrow as pa
import pytest

from odibi_core import runs
from odibi_core.journal.writer import JournalWriter
from tests.runs.past import make_run, store_table

PAGE = Path(__file__).parent.parent.parent / "docs" / "reader.md"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Two runs of Odibi's, one of another program, and a file that is no run log."""
    monkeypatch.chdir(tmp_path)
    logs = tmp_path / "tracker_logs"
    for minute, rows in enumerate(
        ({"id": [1, 2, 3], "amount": [1.0, 2.0, 3.0]}, {"id": [1, 3, 4], "amount": [1.0, 3.5, 4.0]})
    ):
        paths = make_run(logs, minute=minute, log=False)
        with JournalWriter(paths.journal) as writer:
            store_table(paths, writer, 1, "preview", "read", pa.table(rows))
            store_table(paths, writer, 2, "full", "read", pa.table(rows))
    step = {"step_name": "a", "layer": "ingest", "state": "success"}
    (logs / "run_other.json").write_text(json.dumps({"start_time": "2026-01-30T10:00:00", "steps": [step]}))
    (logs / "run_broken.json").write_text("[1, 2]")
    os.utime(logs / "run_broken.json", (0, 0))
    return logs


def test_the_examples_of_the_page_are_true(directory):
    text = PAGE.read_text(encoding="utf-8")
    # A fence ends an example as an empty line does.
    test = doctest.DocTestParser().get_doctest(text.replace("\n```", "\n\n```"), {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 15
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=told.append)
    assert told == []


def test_every_name_of_the_package_can_be_imported_and_is_listed():
    for module in pkgutil.iter_modules(runs.__path__):
        importlib.import_module(f"odibi_core.runs.{module.name}")  # none of them takes the place of a name
    for name in runs.__all__:
        assert getattr(runs, name).__name__ == name
    assert set(runs.__all__) <= set(dir(runs))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        runs.nothing  # noqa: B018 - it is the asking that fails
