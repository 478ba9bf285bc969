"""The journal's reader: every whole event once, whatever else is in the file."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.errors import RunLogError
from odibi_core.journal import events as ev
from odibi_core.journal.codec import encode_event, line_of
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.load import load_journal
from odibi_core.journal.reader import JournalReader
from tests.counts import count
from tests.journal.journals import any_event, small_run, write_journal

GOOD = b'{"v":1,"seq":1,"type":"memory","ts":"2026-01-31T12:00:00Z","rss_bytes":1}\n'


def test_a_torn_last_line_is_left_until_it_is_whole_at_every_byte(tmp_path):
    whole = write_journal(tmp_path / "whole", list(small_run())[:6]).read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 0x0A]
    for cut in range(len(whole) + 1):
        path = tmp_path / f"cut{cut}"
        path.write_bytes(whole[:cut])
        with JournalReader(path) as reader:
            first = reader.read()
            assert len(first) == sum(end <= cut for end in ends)
            with path.open("ab") as file:
                file.write(whole[cut:])
            assert [seq for seq, _ in first + reader.read()] == [1, 2, 3, 4, 5, 6]
            assert reader.damaged == 0 and reader.offset == len(whole)
        path.unlink()


def test_a_last_line_that_lacks_only_its_newline_is_torn(tmp_path):
    path = write_journal(tmp_path / "j", small_run())
    path.write_bytes(path.read_bytes()[:-1])
    assert load_journal(path).view().state == "running"
    with JournalReader(path) as reader:
        assert len(reader.read()) == 10


def test_events_are_returned_once_and_in_portions(tmp_path):
    path = write_journal(tmp_path / "j", small_run())
    with JournalReader(path) as reader:
        portions = []
        while portion := reader.read(3):
            portions.append([seq for seq, _ in portion])
        assert portions == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11]]
        assert reader.read(0) == []


def test_unknown_types_and_damaged_lines_are_counted_and_skipped(tmp_path):
    lines = [
        GOOD,
        b'{"v":2,"seq":2,"type":"teleported","ts":"2026-01-31T12:00:00Z"}\n',
        b'{"v":1,"seq":3,"type":"memory","ts":"2026-01-31T12:00:00Z"}\n',  # lacks a field
        b'{"v":1,"seq":4,"type":"memory","ts":"2026-01-31T12:00:00","rss_bytes":1}\n',  # no time zone
        b'{"v":1,"seq":4,"type":"memory","rss_bytes":1}\n',  # no time
        b"\xff\xfe\n",
        b"\n",
        b'{"v":1,"seq":5,"type":"log","ts":"2026-01-31T12:00:00Z","message":"ok","new_field":[1]}\n',
    ]
    (tmp_path / "j").write_bytes(b"".join(lines))
    with JournalReader(tmp_path / "j") as reader:
        assert [seq for seq, _ in reader.read()] == [1, 5]
        assert (reader.unknown, reader.damaged) == (1, 4)


def test_a_known_type_of_a_newer_version_that_does_not_fit_is_unknown_not_damaged(tmp_path):
    (tmp_path / "j").write_bytes(GOOD + b'{"v":2,"seq":2,"type":"memory","ts":"2026-01-31T12:00:00Z"}\n')
    with JournalReader(tmp_path / "j") as reader:
        assert len(reader.read()) == 1
        assert (reader.unknown, reader.damaged) == (1, 0)


def test_lines_longer_than_what_is_read_at_once(tmp_path):
    events = [ev.Log(message="x" * size) for size in (3_000_000, 1, 1_100_000)]
    path = write_journal(tmp_path / "j", events)
    with JournalReader(path) as reader:
        assert [len(event.message) for _, event in reader.read()] == [3_000_000, 1, 1_100_000]


def test_spaces_and_another_order_of_keys_are_read(tmp_path):
    (tmp_path / "j").write_text(
        '{ "ts": "2026-01-31T12:00:00+02:00", "type": "memory", "rss_bytes": 1, "seq": 41, "v": 1 }\n'
    )
    with JournalReader(tmp_path / "j") as reader:
        assert [seq for seq, _ in reader.read()] == [41]


def test_a_journal_that_does_not_exist_yet_has_no_events(tmp_path):
    with JournalReader(tmp_path / "j") as reader:
        assert reader.read() == []
        write_journal(tmp_path / "j", small_run())
        assert len(reader.read()) == 11


def test_an_entry_names_the_place_of_its_event(tmp_path):
    path = write_journal(tmp_path / "j", small_run())
    with JournalReader(path) as reader:
        for entry in reader.read_entries():
            assert reader.at(entry.offset, entry.length) == entry.event
        assert reader.at(3, 10) is None


@pytest.mark.parametrize(
    "content", [b"not json\n", b"[1]\n", b'{"steps": []}\n', b"\0" * 100 + b"\n", b"1\n2\n"]
)
def test_a_file_that_is_no_journal_says_so(tmp_path, content):
    (tmp_path / "j").write_bytes(content)
    with JournalReader(tmp_path / "j") as reader, pytest.raises(RunLogError, match="is not a journal"):
        reader.read()
    with pytest.raises(RunLogError, match="is not a journal"):
        load_journal(tmp_path / "j")


def test_a_large_file_without_lines_is_refused_early(tmp_path):
    (tmp_path / "j").write_bytes(b"[" * 5_000_000)
    with JournalReader(tmp_path / "j") as reader, pytest.raises(RunLogError, match="does not start"):
        reader.read()


def test_a_directory_is_no_journal(tmp_path):
    with JournalReader(tmp_path) as reader, pytest.raises(RunLogError, match="Is a directory"):
        reader.read()
    with pytest.raises(RunLogError, match="Is a directory"):
        load_journal(tmp_path)


def test_a_journal_nobody_may_read_says_so(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "j").touch(mode=0)
    with JournalReader(tmp_path / "j") as reader, pytest.raises(RunLogError, match="Permission denied"):
        reader.read()


junk = st.one_of(
    st.binary(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.tuples(any_event, st.integers(0, 200), st.binary(max_size=3)).map(
        lambda t: line_of(1, encode_event(t[0]))[: t[1]].strip() + t[2]
    ),
    st.sampled_from([b"[" * 100_000, b'{"v":1,"seq":' + b"9" * 5000 + b',"type":"log"}', b'{"v":1e999}']),
).map(lambda line: line.replace(b"\n", b""))


@given(st.lists(st.tuples(any_event | st.none(), junk)))
@settings(max_examples=count(1000), deadline=None)
def test_junk_between_events_loses_none_and_raises_nothing(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("junk") / "j"
    expected = []
    content = GOOD
    for number, (event, line) in enumerate(pairs, 2):
        content += line + b"\n"
        if event is not None:
            expected.append(event)
            content += line_of(number, encode_event(event))
    path.write_bytes(content)
    with JournalReader(path) as reader:
        events = [event for _, event in reader.read()]
    found = iter(events)
    assert all(event in found for event in expected)  # in order; junk may happen to be an event too
    builder = RunBuilder()
    for event in events:
        builder.apply(event)
    assert load_journal(path).view() == builder.view()
    quick, logs = RunBuilder(), []
    with JournalReader(path) as reader:
        while reader.scan(quick.apply, lambda *log: logs.append(log), 3):
            pass
        # A line whose time is none is taken for a log line until it is read.
        quick.count_logs(sum(reader.at(offset, length) is not None for offset, length, _, _ in logs))
        found = [reader.at(offset, length) for offset, length, _, _ in logs]
    assert quick.view() == builder.view()
    assert [event for event in found if event] == [event for event in events if isinstance(event, ev.Log)]
    assert all(e is None or (e.level, e.step) == log[2:] for e, log in zip(found, logs, strict=True))


@given(st.binary(max_size=300))
@settings(max_examples=count(1000), deadline=None)
def test_any_bytes_are_a_journal_or_a_run_log_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "j"
    path.write_bytes(content)
    for read in (lambda: JournalReader(path).read(), lambda: load_journal(path)):
        try:
            read()
        except RunLogError as error:
            assert str(path) in str(error)
