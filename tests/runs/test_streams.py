"""The streams inside a run: whole lines, each thread's by itself, each with its step."""

from __future__ import annotations

import logging
import threading
from contextvars import ContextVar

import pytest

from odibi_core.journal.events import Log
from odibi_core.runs.streams import StepStream, StrayLogHandler, level_name

STEP: ContextVar[str | None] = ContextVar("step", default=None)


class Recorder:
    def __init__(self) -> None:
        self.logs: list[Log] = []

    def __call__(self, log: Log) -> None:
        self.logs.append(log)

    @property
    def lines(self) -> list[tuple[str | None, str]]:
        return [(log.step, log.message) for log in self.logs]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def stream(recorder: Recorder) -> StepStream:
    return StepStream("stdout", 1, recorder, STEP.get)


def in_step(name: str, work) -> threading.Thread:
    def run() -> None:
        STEP.set(name)
        work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_line_is_recorded_when_it_is_whole(stream: StepStream, recorder: Recorder):
    print("one", "two", file=stream, end="")
    assert recorder.logs == []
    print("", file=stream)
    print(file=stream)
    assert recorder.lines == [(None, "one two"), (None, "")]
    assert (recorder.logs[0].level, recorder.logs[0].stream) == ("info", "stdout")


def test_threads_do_not_cut_into_each_others_lines(stream: StepStream, recorder: Recorder):
    barrier = threading.Barrier(2)

    def write(letter: str):
        def work() -> None:
            for _ in range(200):
                barrier.wait()
                stream.write(letter * 3)
                stream.write(letter * 3 + "\n")

        return work

    for thread in [in_step(letter, write(letter)) for letter in "ab"]:
        thread.join()
    assert sorted(recorder.lines) == [("a", "a" * 6)] * 200 + [("b", "b" * 6)] * 200


def test_threads_of_one_step_do_not_either(stream: StepStream, recorder: Recorder):
    first, second = threading.Event(), threading.Event()

    def begin() -> None:
        stream.write("one ")
        first.set()
        second.wait()
        stream.write("line\n")

    def between() -> None:
        first.wait()
        stream.write("another\n")
        second.set()

    for thread in [in_step("a", begin), in_step("a", between)]:
        thread.join()
    assert recorder.lines == [("a", "another"), ("a", "one line")]


def test_what_has_no_newline_is_recorded_when_its_step_ends(stream: StepStream, recorder: Recorder):
    in_step("a", lambda: stream.write("of a")).join()
    in_step("b", lambda: stream.write("of b")).join()
    stream.finish("a")
    assert recorder.lines == [("a", "of a")]
    stream.finish_all()
    assert recorder.lines == [("a", "of a"), ("b", "of b")]
    assert stream._lines == {}


def test_bytes_may_be_written_and_cut_anywhere(stream: StepStream, recorder: Recorder):
    for byte in "grün\n".encode():
        stream.buffer.write(bytes([byte]))
    stream.buffer.write(b"\xff\n")
    assert recorder.lines == [(None, "grün"), (None, "\ufffd")]


def test_it_is_a_text_stream_without_a_terminal(stream: StepStream, recorder: Recorder):
    assert stream.write("abc\n") == 4
    assert (stream.isatty(), stream.writable(), stream.encoding) == (False, True, "utf-8")
    stream.close()
    stream.flush()
    stream.writelines(["x\n", "y\n"])
    assert [line for _, line in recorder.lines] == ["abc", "x", "y"]
    with pytest.raises(TypeError):
        stream.write(b"bytes")  # type: ignore[arg-type]


def test_what_the_recording_itself_prints_does_not_come_back(recorder: Recorder):
    import os

    read, write = os.pipe()

    def record(log: Log) -> None:
        recorder(log)
        print("from inside", file=stream)

    stream = StepStream("stderr", write, record, STEP.get)
    print("line", file=stream)
    assert [log.message for log in recorder.logs] == ["line"]
    assert recorder.logs[0].level == "warning"
    assert os.read(read, 100) == b"from inside\n"
    os.close(read)
    os.close(write)


def logger_with(handler: logging.Handler) -> logging.Logger:
    logger = logging.Logger("mine")
    logger.addHandler(handler)
    return logger


def test_logging_outside_the_steps_is_recorded_with_level_and_traceback(recorder: Recorder):
    logger = logger_with(StrayLogHandler(recorder, STEP.get, lambda: False))
    logger.debug("quiet")
    logger.warning("%s of %s", 1, 2)
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("failed")
    assert (recorder.logs[0].level, recorder.logs[0].message) == ("debug", "mine: quiet")
    assert (recorder.logs[1].level, recorder.logs[1].message) == ("warning", "mine: 1 of 2")
    assert recorder.logs[2].message == "mine: failed"
    assert {log.level for log in recorder.logs[2:]} == {"error"}
    assert recorder.logs[-1].message == "ValueError: bad"


def test_a_call_with_the_wrong_arguments_is_recorded_too(recorder: Recorder):
    logger_with(StrayLogHandler(recorder, STEP.get, lambda: False)).info("%d", "x")
    assert "its arguments do not fit" in recorder.logs[0].message


def test_what_a_steps_own_thread_logs_is_left_to_the_orchestrator(recorder: Recorder):
    logger_with(StrayLogHandler(recorder, STEP.get, lambda: True)).warning("mine")
    assert recorder.logs == []


def test_levels_between_the_named_ones_take_the_next_name():
    assert [level_name(n) for n in (5, 10, 15, 20, 30, 35, 40, 50, 60)] == [
        "debug", "debug", "info", "info", "warning", "error", "error", "critical", "critical",
    ]  # fmt: skip
