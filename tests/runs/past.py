"""Runs on disk for the tests of what looks at them."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from odibi_core.journal import events as ev
from odibi_core.journal.final_log import write_log
from odibi_core.journal.layout import RunPaths, claim_run
from odibi_core.journal.load import load_journal
from odibi_core.journal.writer import JournalWriter
from tests.journal.journals import small_run

NOON = datetime(2026, 1, 31, 12, 0, 0)


def make_run(
    log_dir: Path, state: str = "success", *, log: bool = True, minute: int = 0, more=()
) -> RunPaths:
    """Leaves behind a small run; `running` without its writer is a run whose process has gone."""
    paths = claim_run(log_dir, NOON + timedelta(minutes=minute))
    events = list(small_run(state, run_id=paths.run_id))
    with JournalWriter(paths.journal) as writer:
        for event in [*events[:5], *more, *events[5:]]:
            shifted = event.ts + timedelta(minutes=minute)
            writer.append(
                type(event)(**{f: getattr(event, f) for f in event.__struct_fields__} | {"ts": shifted})
            )
    if log and state != "running":
        write_log(load_journal(paths.journal).view(), paths.final_log)
    return paths


def store_table(
    paths: RunPaths, writer: JournalWriter, number: int, kind: str, dataset: str, table: pa.Table
) -> None:
    """Writes a dataset's rows under a run and tells its journal."""
    file = paths.data_file(number, kind)
    paths.data.mkdir(exist_ok=True)
    pq.write_table(table, paths.directory / file)
    if kind == "full":
        size, digest = (paths.directory / file).stat().st_size, f"of {paths.run_id}"
        writer.append(
            ev.DatasetKept(dataset=dataset, file=file, rows=table.num_rows, bytes=size, digest=digest)
        )
    else:
        writer.append(ev.DatasetStored(dataset=dataset, kind=kind, file=file, rows=table.num_rows))


class LiveRun:
    """A run that another process holds open until it is killed or told to end."""

    def __init__(self, log_dir: Path) -> None:
        self.paths = claim_run(log_dir, NOON)
        self._ready, ready = os.pipe()
        told, self._tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._tell)
            writer = JournalWriter(self.paths.journal)
            for event in small_run("running", run_id=self.paths.run_id):
                writer.append(event)
            os.write(ready, b"x")
            os.read(told, 1)
            writer.append(ev.RunFinished(state="success"))
            os._exit(0)
        os.close(ready)
        os.close(told)
        assert os.read(self._ready, 1) == b"x"

    def finish(self) -> None:
        os.write(self._tell, b"x")
        self._reap()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        if self.pid:
            os.waitpid(self.pid, 0)
            os.close(self._tell)
            os.close(self._ready)
            self.pid = 0

    def __enter__(self) -> LiveRun:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.pid:
            self.kill()


def wait_until(holds, seconds: float = 10.0) -> None:
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)
