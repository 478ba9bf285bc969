"""The journal's writer: numbered whole lines, whoever writes and however they die."""

from __future__ import annotations

import fcntl
import json
import math
import os
import random
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

from odibi_core.errors import JournalError
from odibi_core.journal import events as ev
from odibi_core.journal import writer as writer_module
from odibi_core.journal.lock import holder_state
from odibi_core.journal.reader import JournalReader
from odibi_core.journal.writer import JournalWriter
from tests.counts import count


def fork(work) -> int:
    """Runs `work` in a forked process and returns its id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def reap(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def read_all(path: Path) -> tuple[list[int], list[ev.Event], int]:
    with JournalReader(path) as reader:
        entries = reader.read()
        return [seq for seq, _ in entries], [event for _, event in entries], reader.damaged


def test_a_line_has_version_number_type_and_time(tmp_path):
    with JournalWriter(tmp_path / "run" / "events.jsonl") as writer:
        assert writer.append(ev.Log(message="hello", step="a")) == 1
        assert writer.append(ev.Memory(rss_bytes=5)) == 2
    lines = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    assert [(line["v"], line["seq"], line["type"]) for line in lines] == [(1, 1, "log"), (1, 2, "memory")]
    assert lines[0]["ts"].endswith("Z") and lines[0]["message"] == "hello"
    assert list(lines[0])[:3] == ["v", "seq", "type"]


def test_an_event_is_on_disk_when_append_returns(tmp_path):
    writer = JournalWriter(tmp_path / "j")
    writer.append(ev.Log(message="x"))
    assert (tmp_path / "j").read_bytes().endswith(b"}\n")
    writer.close()


def test_values_that_json_does_not_know_are_written_as_json(tmp_path):
    sample = ({"nan": math.nan, "bytes": b"\0\xff", (1, 2): "key", "lone": "\ud800", "deep": {1: {2}}},)
    with JournalWriter(tmp_path / "j") as writer:
        writer.append(ev.Snapshot(step="s", position="after", sample=sample))
        writer.append(ev.Log(message="\udcff\x1b[31m"))
    _, (snapshot, log), damaged = read_all(tmp_path / "j")
    assert damaged == 0 and log.message == "\\udcff\x1b[31m"
    assert snapshot.sample[0] == {
        "nan": None,
        "bytes": "AP8=",
        "(1, 2)": "key",
        "lone": "\\ud800",
        "deep": {"1": [2]},
    }


def test_a_journal_opened_again_goes_on_counting(tmp_path):
    for start in (1, 3):
        with JournalWriter(tmp_path / "j") as writer:
            assert [writer.append(ev.Log(message="x")) for _ in range(2)] == [start, start + 1]


def test_a_torn_tail_is_closed_with_a_newline_before_anything_follows(tmp_path):
    with JournalWriter(tmp_path / "j") as writer:
        writer.append(ev.Log(message="whole"))
    with (tmp_path / "j").open("ab") as file:
        file.write(b'{"v":1,"seq":2,"type":"lo')
    with JournalWriter(tmp_path / "j") as writer:
        assert writer.append(ev.Log(message="after")) == 2
    numbers, events, damaged = read_all(tmp_path / "j")
    assert numbers == [1, 2] and [e.message for e in events] == ["whole", "after"] and damaged == 1


def test_the_last_number_is_found_behind_a_long_damaged_tail(tmp_path):
    with JournalWriter(tmp_path / "j") as writer:
        writer.append(ev.Log(message="x" * 200_000))
    with (tmp_path / "j").open("ab") as file:
        file.write(b"\0" * 300_000)
    with JournalWriter(tmp_path / "j") as writer:
        assert writer.append(ev.Log(message="y")) == 2


def test_forked_processes_lose_and_tear_no_line(tmp_path):
    writer = JournalWriter(tmp_path / "j")

    def work(name: str) -> None:
        for i in range(10_000):
            writer.append(ev.Log(message=f"{name} {i} " + "." * (i % 300)))

    children = [fork(lambda name=name: work(name)) for name in "ab"]
    work("c")
    assert [reap(child) for child in children] == [0, 0]
    writer.close()
    numbers, events, damaged = read_all(tmp_path / "j")
    assert damaged == 0 and numbers == list(range(1, 30_001))
    for name in "abc":
        said = [e.message.split()[1] for e in events if e.message.startswith(name)]
        assert said == [str(i) for i in range(10_000)]


def test_a_reader_beside_the_writers_sees_every_line_whole(tmp_path):
    writer = JournalWriter(tmp_path / "j")

    def work() -> None:
        for i in range(300):
            writer.append(ev.Log(message="x" * (i * 997 % 200_000)))

    children = [fork(work) for _ in range(2)]
    numbers: list[int] = []
    with JournalReader(tmp_path / "j") as reader:
        while len(numbers) < 600:
            numbers += [seq for seq, _ in reader.read(50)]
        assert reader.damaged == 0
    assert [reap(child) for child in children] == [0, 0]
    assert numbers == list(range(1, 601))
    writer.close()


def test_threads_and_a_fork_in_the_middle_of_their_work_share_a_journal(tmp_path):
    writer = JournalWriter(tmp_path / "j")
    threads = [
        threading.Thread(target=lambda: [writer.append(ev.Log(message="t")) for _ in range(2000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    children = [fork(lambda: [writer.append(ev.Log(message="f")) for _ in range(200)]) for _ in range(8)]
    for thread in threads:
        thread.join()
    assert [reap(child) for child in children] == [0] * 8
    writer.close()
    numbers, _, damaged = read_all(tmp_path / "j")
    assert damaged == 0 and numbers == list(range(1, 8000 + 1600 + 1))


@pytest.mark.parametrize("seed", range(count(50)))
def test_a_writer_killed_at_any_moment_leaves_a_journal_that_goes_on(tmp_path, seed):
    chance = random.Random(seed)
    writer = JournalWriter(tmp_path / "j")
    reading, writing = os.pipe()

    def work() -> None:
        own = random.Random(seed)
        while True:
            number = writer.append(ev.Log(message="x" * own.choice([10, 1000, 500_000])))
            os.write(writing, number.to_bytes(8, "little"))

    child = fork(work)
    os.close(writing)
    acknowledged = os.read(reading, 8)
    time.sleep(chance.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    assert reap(child) == -signal.SIGKILL
    while chunk := os.read(reading, 8):
        acknowledged = chunk
    os.close(reading)
    last = writer.append(ev.Log(message="after"))
    writer.close()
    numbers, events, damaged = read_all(tmp_path / "j")
    assert numbers == list(range(1, last + 1)) and damaged <= 1
    assert events[-1].message == "after" and last > int.from_bytes(acknowledged, "little")


def test_a_line_torn_by_a_kill_is_closed_by_the_next_process_that_writes(tmp_path):
    writer = JournalWriter(tmp_path / "j")
    writer.append(ev.Log(message="first"))

    def die_in_the_middle(descriptor: int, data: bytes) -> int:
        real(descriptor, data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    real = os.write

    def work() -> None:
        writer_module.os.write = die_in_the_middle
        writer.append(ev.Log(message="torn"))

    assert reap(fork(work)) == -signal.SIGKILL
    assert writer.append(ev.Log(message="next")) == 2
    writer.close()
    numbers, events, damaged = read_all(tmp_path / "j")
    assert numbers == [1, 2] and [e.message for e in events] == ["first", "next"] and damaged == 1


def test_a_full_disk_is_an_error_with_a_remedy_and_leaves_whole_lines(tmp_path):
    path = tmp_path / "j"

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        writer = JournalWriter(path)
        try:
            for _ in range(1000):
                writer.append(ev.Log(message="x" * 99))
        except JournalError as error:
            assert str(path) in str(error) and "free some space" in str(error)
            assert writer.last_seq == len(path.read_bytes().splitlines())
            return
        raise AssertionError("nothing was refused")

    assert reap(fork(work)) == 0
    assert path.read_bytes().endswith(b"}\n")
    numbers, _, damaged = read_all(path)
    assert damaged == 0 and numbers == list(range(1, len(numbers) + 1)) and numbers


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_device_without_room_is_an_error():
    with JournalWriter("/dev/full") as writer, pytest.raises(JournalError, match="No space left"):
        writer.append(ev.Log(message="x"))


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot write the journal") as caught:
        JournalWriter(tmp_path / "file" / "events.jsonl")
    assert isinstance(caught.value, OSError)
    with pytest.raises(JournalError, match="cannot write"):
        JournalWriter(tmp_path)


def test_a_disk_that_fails_to_sync_is_an_error(tmp_path, monkeypatch):
    writer = JournalWriter(tmp_path / "j")
    writer.append(ev.Log(message="x"))

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(writer_module.os, "fsync", fail)
        with pytest.raises(JournalError, match="Input/output error"):
            writer.sync()
    writer.close()


def test_syncs_are_grouped(tmp_path, monkeypatch):
    writer = JournalWriter(tmp_path / "j")
    synced: list[int] = []
    monkeypatch.setattr(writer_module.os, "fsync", synced.append)
    for _ in range(3):
        writer.append(ev.Log(message="x"))
    writer.sync()
    writer.sync()
    assert synced.count(writer._descriptor) == 1
    writer.close()


def test_a_closed_writer_refuses(tmp_path):
    writer = JournalWriter(tmp_path / "j")
    writer.close()
    writer.close()
    with pytest.raises(JournalError, match="closed"):
        writer.append(ev.Log(message="x"))


def test_a_second_run_cannot_write_the_same_journal(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "_CLAIM_PATIENCE_S", 0.05)
    with JournalWriter(tmp_path / "j"), pytest.raises(JournalError, match="another process is writing"):
        JournalWriter(tmp_path / "j")
    JournalWriter(tmp_path / "j").close()


def test_a_second_writer_with_the_same_counter_shares_the_journal(tmp_path):
    with (
        JournalWriter(tmp_path / "j") as first,
        JournalWriter(tmp_path / "j", counter=first.counter) as second,
    ):
        assert [w.append(ev.Log(message="x")) for w in (first, second, first)] == [1, 2, 3]


def test_a_lock_held_for_an_instant_does_not_keep_a_writer_out(tmp_path):
    path = tmp_path / "j"
    path.touch()
    with path.open() as probe:
        fcntl.flock(probe, fcntl.LOCK_SH)
        release = threading.Timer(0.1, lambda: fcntl.flock(probe, fcntl.LOCK_UN))
        release.start()
        JournalWriter(path).close()
        release.join()


def test_probes_at_the_wrong_moment_do_not_keep_a_writer_out(tmp_path):
    path = tmp_path / "events.jsonl"
    path.touch()
    stop = threading.Event()
    prober = threading.Thread(target=lambda: [holder_state(path) for _ in iter(stop.is_set, True)])
    prober.start()
    try:
        for _ in range(20):
            JournalWriter(path).close()
    finally:
        stop.set()
        prober.join()


def test_the_lock_lives_as_long_as_any_process_that_shares_the_writer(tmp_path):
    path = tmp_path / "run_1" / "events.jsonl"
    assert holder_state(path) == "unknown"
    writer = JournalWriter(path)
    assert holder_state(path) == "live" and holder_state(path.parent) == "live"
    child = fork(lambda: time.sleep(60))
    writer.close()
    assert holder_state(path) == "live"
    os.kill(child, signal.SIGKILL)
    reap(child)
    assert holder_state(path) == "gone"


def test_appending_does_not_let_go_of_the_liveness_lock(tmp_path):
    with JournalWriter(tmp_path / "j") as writer:
        for _ in range(3):
            writer.append(ev.Log(message="x"))
            assert holder_state(tmp_path / "j") == "live"
