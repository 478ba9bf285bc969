"""A target is written whole or not at all: faults in the middle, readers beside, modes in a race."""

import contextlib
import errno
import os
import threading
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from odibi_core.errors import FormatError, TargetExistsError
from odibi_core.formats import database_sqlite, find_format, read_source, write_target
from odibi_core.formats.arrow import table_of
from odibi_core.formats.atomic import replacing, replacing_directory
from odibi_core.formats.database_duckdb import DuckDBDatabase
from odibi_core.formats.database_sql import SqlDatabase
from odibi_core.formats.databases import open_database
from tests.counts import count

NAMES = [
    "t.csv",
    "t.tsv",
    "t.json",
    "t.jsonl",
    "t.parquet",
    "t.avro",
    "t.xlsx",
    "t.csv.gz",
    "t.jsonl.zst",
    "t.csv.xz",
]
OLD = pd.DataFrame({"id": [1, 2], "t": ["old", "old"]})
NEW = pd.DataFrame({"id": range(30_000), "t": ["new"] * 30_000})


def store(frame, path, **params):
    return write_target(frame, path.name, params, lambda name: path.parent / name)


def load(path):
    return table_of(read_source(path.name, {}, lambda name: path.parent / name)).to_pylist()


class DiskFull(OSError):
    pass


def failing_fsync(monkeypatch):
    def full(handle):
        raise DiskFull(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


@pytest.mark.parametrize("mode", ["overwrite", "append"])
@pytest.mark.parametrize("name", NAMES)
def test_a_write_that_fails_in_the_end_leaves_the_old_file(tmp_path, monkeypatch, name, mode):
    path = tmp_path / name
    store(OLD, path)
    before = path.read_bytes()
    failing_fsync(monkeypatch)
    with pytest.raises(DiskFull):
        store(NEW, path, mode=mode)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_write_that_fails_in_the_middle_leaves_the_old_file(tmp_path, monkeypatch, name):
    path = tmp_path / name
    store(OLD, path)
    before = path.read_bytes()
    fmt = find_format(name)
    whole = type(fmt).write

    def half(self, frame, temporary, options):
        whole(self, frame, temporary, options)
        data = temporary.read_bytes()
        temporary.write_bytes(data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(type(fmt), "write", half)
    with pytest.raises(KeyboardInterrupt):
        store(NEW, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.json"])
def test_a_reader_beside_writers_never_sees_half_a_file(tmp_path, name):
    path = tmp_path / name
    small, large = pd.DataFrame({"n": [0] * 10}), pd.DataFrame({"n": [1] * 2_000})
    store(small, path)
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            try:
                rows = load(path)
            except FormatError as error:
                wrong.append(str(error))
                continue
            if len(rows) not in (10, 2_000) or len({row["n"] for row in rows}) != 1:
                wrong.append(len(rows))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(count(200)):
        store(small if number % 2 else large, path)
    stop.set()
    reader.join()
    assert wrong == []


def test_of_many_writers_with_mode_error_one_wins(tmp_path):
    path = tmp_path / "t.csv"
    outcomes, gate = [], threading.Barrier(8)

    def write(number):
        gate.wait()
        try:
            store(pd.DataFrame({"n": [number]}), path, mode="error")
            outcomes.append(number)
        except TargetExistsError:
            outcomes.append(None)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [number for number in outcomes if number is not None]
    assert len(winners) == 1
    assert load(path) == [{"n": winners[0]}]


def test_a_target_that_appears_meanwhile_is_not_replaced_by_mode_error(tmp_path):
    path = tmp_path / "t.txt"
    with pytest.raises(TargetExistsError), replacing(path, "error") as temporary:
        temporary.write_text("mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["t.txt"]


def test_parents_are_made_permissions_kept_and_links_followed(tmp_path):
    target = tmp_path / "a" / "b" / "t.csv"
    store(OLD, target)
    target.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    store(NEW.head(3), link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert len(load(target)) == 3


def test_a_directory_or_a_path_through_a_file_is_refused(tmp_path):
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(FormatError, match="it is a directory"):
        store(OLD, tmp_path / "d.csv")
    (tmp_path / "f").write_text("x")
    with pytest.raises(FormatError, match="a part of its path is a file"):
        write_target(OLD, "f/t.csv", {}, lambda name: tmp_path / name)


def test_a_device_is_written_to_as_it_is():
    write_target(OLD, "/dev/null", {"format": "csv"}, Path)
    assert not Path("/dev/null").is_file()


def test_a_directory_takes_the_others_place_when_it_is_whole(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("1")
    with pytest.raises(RuntimeError), replacing_directory(target) as temporary:
        temporary.mkdir()
        raise RuntimeError
    assert os.listdir(target) == ["old"]
    with replacing_directory(target) as temporary:
        temporary.mkdir()
        (temporary / "new").write_text("2")
    assert os.listdir(target) == ["new"]
    assert os.listdir(tmp_path) == ["out"]


def database(name, directory):
    if name == "sqlalchemy":
        return SqlDatabase(f"sqlite:///{directory / 'x.db'}")
    return open_database(name, resolve=lambda path: directory / path, create=True)


class Unwritable:
    """A value no driver takes."""


@pytest.mark.parametrize("mode", ["overwrite", "append"])
@pytest.mark.parametrize("name", ["t.db", "t.duckdb", "sqlalchemy"])
def test_a_table_is_written_in_one_transaction(tmp_path, monkeypatch, name, mode):
    base = database(name, tmp_path)
    base.store(pa.table({"id": [1], "t": ["old"]}), "items", "overwrite", {})
    before = base.select("SELECT * FROM items").to_pylist()
    rows = pa.table({"id": list(range(20_001)), "t": ["new"] * 20_001})
    if name == "sqlalchemy":
        rows = pd.DataFrame({"id": [1, 2], "t": ["new", Unwritable()]})
    elif name == "t.db":
        batches = database_sqlite.plain_rows

        def first_batch_then_fault(table):
            yield next(iter(batches(table)))
            raise DiskFull(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(database_sqlite, "plain_rows", first_batch_then_fault)
    else:
        monkeypatch.setattr(DuckDBDatabase, "_cursor", faulty_commit(DuckDBDatabase._cursor))
    with pytest.raises((DiskFull, FormatError)):
        base.store(rows, "items", mode, {})
    monkeypatch.undo()
    assert base.select("SELECT * FROM items").to_pylist() == before
    base.close()


def faulty_commit(opened):
    class Cursor:
        def __init__(self, real):
            self._real = real

        def __getattr__(self, name):
            return getattr(self._real, name)

        def commit(self):
            raise DiskFull(errno.ENOSPC, "No space left on device")

    @contextlib.contextmanager
    def cursor(self, *, write=False):
        with opened(self, write=write) as real:
            yield Cursor(real) if write else real

    return cursor
