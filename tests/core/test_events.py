"""The event emitter: listeners, streams, and what neither of them can break."""

from __future__ import annotations

import asyncio
import threading

import pytest

from odibi_core.core import EventEmitter


def test_a_listener_takes_the_keywords_it_names():
    emitter, heard = EventEmitter(), []
    emitter.on("step_complete", lambda step: heard.append(step))
    emitter.on("step_complete", lambda duration_ms, **rest: heard.append((duration_ms, rest)))
    emitter.on("step_complete", lambda: heard.append("nothing"))
    emitter.emit("step_complete", step="s", duration_ms=1.5)
    assert heard == ["s", (1.5, {"step": "s"}), "nothing"]


def test_a_listener_that_raises_stops_neither_the_others_nor_the_emitter(caplog):
    emitter, heard = EventEmitter(), []
    emitter.on("e", lambda: 1 / 0)
    emitter.on("e", lambda: heard.append(1))
    emitter.emit("e")
    assert heard == [1]
    assert "ZeroDivisionError" in caplog.text and "Traceback" in caplog.text


def test_off_and_clear_silence_listeners():
    emitter, heard = EventEmitter(), []
    listener = heard.append

    def other(value):
        heard.append(-value)

    def value_only(value):
        listener(value)

    emitter.on("e", value_only)
    emitter.on("e", other)
    emitter.off("e", value_only)
    emitter.off("e", value_only)
    emitter.off("never", value_only)
    emitter.emit("e", value=1)
    emitter.clear("e")
    emitter.emit("e", value=2)
    emitter.on("e", value_only)
    emitter.clear()
    emitter.emit("e", value=3)
    assert heard == [-1]


async def test_a_stream_yields_names_and_keywords_until_the_pipeline_has_ended():
    emitter = EventEmitter()

    def work():
        emitter.emit("pipeline_start", steps=[])
        emitter.emit("pipeline_complete", data_map={})
        emitter.emit("too_late")

    stream = emitter.stream()
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    thread = threading.Thread(target=work)
    thread.start()
    event = await first
    rest = [event async for event in stream]
    thread.join()
    assert (event.name, event.kwargs) == ("pipeline_start", {"steps": []})
    assert [event.name for event in rest] == ["pipeline_complete"]


def test_a_stream_whose_loop_is_gone_is_forgotten():
    emitter = EventEmitter()

    async def listen_once():
        stream = emitter.stream()
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        emitter.emit("e")
        return (await waiting).name

    assert asyncio.run(listen_once()) == "e"
    emitter.emit("e")  # the loop is closed, and nobody is hurt


@pytest.mark.parametrize("event", ["pipeline_complete", "pipeline_error", "pipeline_cancelled"])
async def test_every_end_of_a_pipeline_ends_a_stream(event):
    emitter = EventEmitter()
    stream = emitter.stream()
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    emitter.emit(event)
    assert (await waiting).name == event
    assert [event async for event in stream] == []
