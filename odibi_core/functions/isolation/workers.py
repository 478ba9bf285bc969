"""IsolatedWorkers: the side of isolation that a run sees."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError, StepError, StepOptionError
from odibi_core.functions.isolation import system
from odibi_core.functions.isolation.frames import ContextRecipe, to_arrow
from odibi_core.functions.isolation.guard import run_guard
from odibi_core.functions.isolation.guarded import GuardedCall, LogSink
from odibi_core.functions.isolation.zygote import Zygote
from odibi_core.functions.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from odibi_core.core.node import Step
    from odibi_core.engine.base_context import EngineContext


class IsolatedWorkers:
    """Calls functions in processes of their own; one for each run, used from any of its threads.

    `start()` it before the run opens engines and starts threads: then workers are copies of this process
    as it is at that moment, and cheap. Otherwise they come from a fresh interpreter, started at the first
    call.
    """

    def __init__(self, base_dir: str | os.PathLike[str] | None = None) -> None:
        self._base_dir = str(Path(base_dir).resolve()) if base_dir is not None else None
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._calls: dict[str, list[GuardedCall]] = {}
        self._closed = False

    def start(self) -> None:
        """Starts the process that workers are forked from; does nothing if it runs.

        Raises:
            EngineError: This system cannot fork.
        """
        self._started()

    def call(
        self,
        step: Step,
        function: str,
        inputs: Mapping[str, Any],
        params: Mapping[str, Any],
        timeout: float | None = None,
        on_log: LogSink | None = None,
        *,
        context: EngineContext | None = None,
    ) -> Any:
        """Calls a function in a process of its own and waits for it.

        Args:
            step: The step; its `engine` says which frames the function gets, its `outputs` whether it
                returns any.
            function: Name of the function, as in the step's `value`.
            inputs: Local name -> frame: an Arrow table, a pandas frame, or what `context` can turn into one.
            params: The step's options, filled in.
            timeout: Seconds after which the work is killed.
            on_log: Called on this thread with what the function prints and logs, line by line: a stream
                (`stdout`, `stderr`) or, for a record of `logging`, its level in lower case; and the line.
            context: The context the step runs on. The worker gets a new one with the same `base_dir` and
                secrets.

        Returns:
            What the function returned: an Arrow table, a dict of local name -> Arrow table, or None where
            the step has no outputs.

        Raises:
            StepTimeoutError: The timeout passed; everything the function did and started has ended.
            StepCrashedError: The process ended without an answer.
            RemoteStepError: The function raised what cannot be pickled. What can be is raised as it is,
                with the traceback as a note.
            RunCancelledError: `kill` ended it.
        """
        if step.engine == "spark":
            raise StepOptionError(
                "a function on Spark frames cannot run in a process of its own",
                step=step.name,
                field="params.isolate",
                help="set `engine` to `pandas`, and the data crosses once as Arrow; or take out `isolate`",
            )
        question = self._question(step, function, params, context)
        tables = {name: to_arrow(frame, context) for name, frame in inputs.items()}
        call = GuardedCall(step, function, timeout, on_log)
        with self._lock:
            if self._closed:
                raise StepError("the run's workers are closed", step=step.name)
            self._calls.setdefault(step.name, []).append(call)
        try:
            return call.run(question, tables, self._starter(function, step))
        finally:
            with self._lock:
                self._calls[step.name].remove(call)
                if not self._calls[step.name]:
                    del self._calls[step.name]

    def kill(self, step: Step | str) -> None:
        """Ends what runs for a step, from any thread; its `call` raises RunCancelledError."""
        with self._lock:
            calls = list(self._calls.get(step if isinstance(step, str) else step.name, ()))
        for call in calls:
            call.kill()

    def close(self) -> None:
        """Ends all that runs, and the process workers are forked from."""
        with self._lock:
            self._closed = True
            calls = [call for running in self._calls.values() for call in running]
            zygote, self._zygote = self._zygote, None
        for call in calls:
            call.kill()
        if zygote is not None:
            zygote.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _question(
        self, step: Step, function: str, params: Mapping[str, Any], context: EngineContext | None
    ) -> dict[str, Any]:
        recipe = ContextRecipe.of(context)
        spec = REGISTRY.get(function)
        return {
            "step": dataclasses.replace(step, origin=None),
            "function": function,
            "module": spec.module if spec is not None and spec.is_importable else None,
            "params": dict(params),
            "base_dir": self._base_dir if self._base_dir is not None else recipe.base_dir,
            "context": recipe,
            "directory": str(Path.cwd()),
            "environ": dict(os.environ),
            "path": _import_path(),
            "log_level": logging.getLogger().level,
        }

    def _starter(self, function: str, step: Step) -> Callable[[list[int]], int | None]:
        """Returns what starts a guard and worker: returns the guard's process id if it is our child."""
        zygote = self._started()
        spec = REGISTRY.get(function)
        is_here_only = function.startswith("__main__.") or (spec is not None and not spec.is_importable)
        if is_here_only and not zygote.has(function):
            return _fork_guard  # defined since the zygote was started: only this process has it

        def start(descriptors: list[int]) -> None:
            try:
                zygote.start(step.engine, descriptors)
            except OSError:  # somebody killed it
                with self._lock:
                    if self._zygote is zygote:
                        self._zygote = None
                self._started().start(step.engine, descriptors)

        return start

    def _started(self) -> Zygote:
        if not system.is_supported():
            raise EngineError(
                "this system cannot fork, so a function cannot run in a process of its own",
                help="take out `timeout` and `isolate`",
            )
        with self._lock:
            if self._closed:
                raise StepError("the run's workers are closed")
            if self._zygote is None:
                self._zygote = Zygote()
            return self._zygote


def _fork_guard(descriptors: list[int]) -> int:
    pid = system.fork()
    if pid:
        return pid
    try:
        system.let_go_of_descriptors(set(descriptors))
        system.reset_signals()
        run_guard(*descriptors)
    finally:
        os._exit(1)


def _import_path() -> list[str]:
    return [str(Path(entry).absolute()) for entry in sys.path]  # "" is the current directory
