"""Messages between our own processes."""

from __future__ import annotations

import threading

from odibi_core.runs.channel import Channel


def test_messages_arrive_whole_and_in_order():
    one, other = Channel.pair()
    sent = [b"", b"a", b"x" * 3_000_000, b"end"]
    threading.Thread(target=lambda: [one.send(message) for message in sent]).start()
    assert [other.receive() for _ in sent] == sent


def test_what_is_pending_is_taken_without_waiting():
    one, other = Channel.pair()
    assert other.pending() == []
    one.send(b"a")
    one.send(b"b")
    assert other.pending() == [b"a", b"b"]


def test_the_other_end_being_gone_is_a_state():
    one, other = Channel.pair()
    one.send(b"last")
    one.close()
    assert other.pending() == [b"last"]
    assert other.closed
    assert other.receive() is None
    other.send(b"into the void")
