"""What happens in a worker: one call of one function."""

from __future__ import annotations

import faulthandler
import importlib
import json
import logging
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from odibi_core.errors import FunctionNotFoundError
from odibi_core.functions.calling import call
from odibi_core.functions.isolation import system
from odibi_core.functions.isolation.frames import from_arrow, to_arrow
from odibi_core.functions.isolation.parcel import read_parcel, write_parcel
from odibi_core.functions.registry import result_of
from odibi_core.functions.resolution import importable, resolve
from odibi_core.functions.results import hold_to, is_frame, outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import pyarrow as pa

    from odibi_core.core.node import Step

_OURS = Path(__file__).parent.parent
SINGLE = ""  # the name a result travels under that is one frame


def run_worker(out: int, err: int, log: int, question: int, answer: int) -> NoReturn:
    """Calls the function in `question`, writes what it returned or raised to `answer`, and ends."""
    me = os.getpid()
    os.setpgid(0, 0)
    system.name_process("odibi-worker")
    system.reset_signals()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _open_streams(out, err)
    _route_logging(log)
    tables: dict[str, pa.Table] = {}
    try:
        parcel = read_parcel(question)
        assert parcel is not None  # written before we were started
        os.close(question)
        message, tables = _carry_out(*parcel)
    except BaseException as error:  # noqa: BLE001 - raised again on the other side
        message, tables = failure(error), {}
    if os.getpid() != me:
        os._exit(0)  # the function forked and let its child return
    sys.stdout.flush()
    sys.stderr.flush()
    write_parcel(answer, message, tables)
    os._exit(0)


def _carry_out(
    question: dict[str, Any], tables: dict[str, pa.Table]
) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    os.chdir(question["directory"])
    os.environ.clear()
    os.environ.update(question["environ"])
    sys.path[:] = question["path"]
    logging.getLogger().setLevel(question["log_level"])
    _reseed()
    step = question["step"]
    with importable(question["base_dir"]):
        if question["module"] is not None:
            _import_home(question["module"], question["function"])
        function = resolve(question["function"], question["base_dir"])
        context = question["context"].make(step.engine)
        try:
            frames = {name: from_arrow(table, context) for name, table in tables.items()}
            result = call(function, frames, question["params"], context=context, step=step)
            if not step.outputs:
                return {"kind": "none"}, {}
            outputs = outputs_of(result, step)
            if is_frame(result):
                table = to_arrow(result, context)
                _hold_to(function, dict.fromkeys(outputs, table), step)
                return {"kind": "single"}, {SINGLE: table}
            answers = {name: to_arrow(frame, context) for name, frame in outputs.items()}
            _hold_to(function, answers, step)
            return {"kind": "several"}, answers
        finally:
            context.close()


def _hold_to(function: Callable[..., Any], tables: Mapping[str, pa.Table], step: Step) -> None:
    from odibi_core.formats.arrow import type_name

    declared = result_of(function)
    for local, table in tables.items() if declared is not None else ():
        columns = [(field.name, type_name(field.type)) for field in table.schema]
        different = hold_to(declared, local, columns, step)
        if different is not None:
            logging.getLogger(__name__).warning(different)


def failure(error: BaseException) -> dict[str, Any]:
    """Returns an exception as a message: as text, and pickled where that can be undone."""
    pickled: bytes | None
    try:
        pickled = pickle.dumps(error)
        if type(pickle.loads(pickled)) is not type(error):
            pickled = None
    except Exception:  # noqa: BLE001 - whatever it is: it can only be sent as text
        pickled = None
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return {
        "kind": "error",
        "pickled": pickled,
        "type": name,
        "text": _text_of(error),
        "traceback": "".join(
            traceback.format_exception(type(error), error, _users_part(error.__traceback__))
        ),
        "exit": error.code if isinstance(error, SystemExit) else None,
    }


def _users_part(trace: TracebackType | None) -> TracebackType | None:
    """Returns the traceback from the first frame that is not Odibi's on; all of it if there is none."""
    inner = trace
    while inner is not None and Path(inner.tb_frame.f_code.co_filename).is_relative_to(_OURS):
        inner = inner.tb_next
    return inner or trace


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - a `__str__` of the user's
        return f"<{type(second).__name__} while its text was made>"


def _import_home(module: str, function: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:
        raise FunctionNotFoundError(
            f"no function `{function}`: importing `{module}` failed: {type(error).__name__}: {error}",
            field="value",
        ) from error


def _open_streams(out: int, err: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
        if source > 2:
            os.close(source)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(  # noqa: SIM115
            descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    faulthandler.disable()  # where it is enabled already, enabling does not bring its handlers back
    faulthandler.enable(file=2)


def _route_logging(log: int) -> None:
    root = logging.getLogger()
    for logger in [root, *logging.Logger.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()  # they write to what belonged to the process we were forked from
    root.addHandler(_PipeHandler(log))


class _PipeHandler(logging.Handler):
    """Writes records to a pipe, one JSON array `[level, message]` a line."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._file = open(descriptor, "wb", buffering=0, closefd=False)  # noqa: SIM115

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = json.dumps([record.levelname.lower(), self.format(record)]).encode() + b"\n"
            while line:
                line = line[self._file.write(line) :]
        except Exception:  # noqa: BLE001 - logging's own way: told on standard error
            self.handleError(record)


def _reseed() -> None:
    # Workers are copies of one process: without this they would all draw the same random numbers.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
