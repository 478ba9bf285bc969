"""Node: what the five nodes share, from reading inputs to handing results over."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from odibi_core.core.node import TYPES, NodeBase, NodeState
from odibi_core.core.options import in_params
from odibi_core.errors import MissingInputError, ProfileError, StepOptionError
from odibi_core.journal.events import Progress
from odibi_core.nodes.runtime import NodeRuntime
from odibi_core.plan.reading import QUERY
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from odibi_core.core.events import EventEmitter
    from odibi_core.core.node import Step
    from odibi_core.core.tracker import Tracker
    from odibi_core.engine.base_context import EngineContext

_T = TypeVar("_T")


def is_data(value: Any) -> bool:
    """Whether a value in `data_map` is a frame rather than the name of a connection."""
    return not isinstance(value, str)


def missing_input(step: Step, local: str, key: str, known: Iterable[str]) -> MissingInputError:
    """Returns the error for an input that is not among the `known` keys."""
    close = nearest(key, known)
    return MissingInputError(
        f"input `{local}`: `{key}` not found in data_map",
        step=step.name,
        field=f"inputs.{local}",
        help=f"a step outputs `{close}`" if close else None,
    )


_DUCKDB = "duckdb"  # what reads SQL that names no database


def dialect_of(scope: EngineContext, params: Mapping[str, Any]) -> str:
    """Returns the name of the SQL dialect that a query with these params is read by."""
    if params.get("connection") is not None:
        return scope.connections.get(str(params["connection"])).dialect
    if params.get("connection_string") is not None:
        return str(params["connection_string"]).partition(":")[0].partition("+")[0].lower()
    return scope.name


class Node(NodeBase):
    """A node of the five layers.

    The work happens in a scope of the context, so that names registered for a step end with it.

    Args:
        step: The step to carry out.
        context: The engine to do it on.
        tracker: Receives snapshots and the secrets to redact.
        events: Receives `snapshot`.
        runtime: What a run adds; a node used by itself has its own.
    """

    def __init__(
        self,
        step: Step,
        context: EngineContext,
        tracker: Tracker,
        events: EventEmitter,
        *,
        runtime: NodeRuntime | None = None,
    ) -> None:
        super().__init__(step, context, tracker, events)
        self.runtime = runtime if runtime is not None else NodeRuntime()
        # What readers and writers never see of `params`; how functions are called is decided elsewhere.
        self.step_options = in_params(step) if step.type != "function" else frozenset()
        self.rows: int | None = None
        self.keeps_time = False  # its work is in a process of its own, which is killed at the timeout
        self._scope: EngineContext | None = None
        self._interrupted = False

    def run(self, data_map: dict[str, Any]) -> dict[str, Any]:
        """Carries out the step; `data_map` is returned with the declared outputs added.

        Raises:
            MissingInputError: An input is not there.
        """
        self._update_state(NodeState.RUNNING)
        try:
            self._check_type()
            with self.context.scope(self.step.name) as scope:
                self._scope = scope
                try:
                    results = self.work(data_map, scope)
                    self._learn_rows(data_map, results, scope)
                finally:
                    self._scope = None
        except BaseException:
            self._update_state(NodeState.FAILED)
            raise
        for local, key in self.step.outputs.items():
            data_map[key] = results[local]
        self._update_state(NodeState.SUCCESS)
        return data_map

    @abstractmethod
    def work(self, data_map: Mapping[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Does the layer's work and returns a result for each local name in `outputs`."""

    def interrupt(self) -> None:
        """Ends what the node is doing as far as its engine can, from any thread."""
        self._interrupted = True
        self.runtime.workers.kill(self.step)
        scope = self._scope
        if scope is not None:
            scope.interrupt()

    def call_function(self, frames: dict[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Calls the step's function and returns a frame of this engine for each output."""
        from odibi_core.functions import hold_to, outputs_of, resolve, result_of

        if self.must_be_killable:  # where the worker holds the function to what it declares
            results = outputs_of(self._called_apart(frames, scope), self.step)
            return {local: scope.adopt(frame) for local, frame in results.items()}
        function = resolve(self.text(), scope.base_dir)
        results = outputs_of(self._called(function, frames, scope), self.step)
        adopted = {local: scope.adopt(frame) for local, frame in results.items()}
        declared = result_of(function)
        for local, frame in adopted.items() if declared is not None else ():
            columns = [(column.name, column.type) for column in scope.columns(frame)]
            different = hold_to(declared, local, columns, self.step)
            if different is not None:
                self.tracker.log(different, level="warning", step=self.step.name)
        return adopted

    def call_for_effect(self, frames: dict[str, Any], scope: EngineContext) -> None:
        """Calls the step's function for what it does; what it returns is left."""
        from odibi_core.functions import resolve

        if self.must_be_killable:
            self._called_apart(frames, scope)
        else:
            self._called(resolve(self.text(), scope.base_dir), frames, scope)

    def _called_apart(self, frames: dict[str, Any], scope: EngineContext) -> Any:
        return self.call_apart(self.step, self.text(), frames, self.params(), scope)

    def _called(self, function: Callable[..., Any], frames: dict[str, Any], scope: EngineContext) -> Any:
        from odibi_core.functions import call

        # A shallow copy: a column that the function sets must not appear in the frame others read.
        given = {
            local: frame.copy(deep=False) if scope.name == "pandas" else frame
            for local, frame in frames.items()
        }
        return call(function, given, self.params(), context=scope, step=self.step)

    @property
    def must_be_killable(self) -> bool:
        """Whether work that no engine can interrupt has to run in a process of its own."""
        if self.runtime.isolate:
            return True
        # A Spark frame belongs to its process; Spark ends its own jobs.
        return self.runtime.timeout is not None and self.context.name != "spark"

    def call_apart(
        self, step: Step, function: str, frames: dict[str, Any], params: dict[str, Any], scope: EngineContext
    ) -> Any:
        """Calls a function in a process of its own, which is killed at the step's timeout."""

        def on_log(stream: str, line: str) -> None:
            printed = stream in ("stdout", "stderr")
            self.tell(line, "info" if printed else stream, stream=stream if printed else None)

        self.keeps_time = True  # from the start of the function, not from that of its process
        return self.runtime.workers.call(
            step, function, frames, params, self.runtime.timeout, on_log, context=scope
        )

    def read(self, scope: EngineContext, source: str, params: dict[str, Any]) -> Any:
        """Reads a file or table, in a process of its own if the step has a timeout."""
        if not self.must_be_killable:
            return scope.read(source, **params)
        from odibi_core.nodes.apart import read_apart

        return read_apart(self, scope, source, params)

    def write(self, scope: EngineContext, frame: Any, target: str, params: dict[str, Any]) -> None:
        """Writes a file or table, in a process of its own if the step has a timeout."""
        if not self.must_be_killable:
            scope.write(frame, target, **params)
            return
        from odibi_core.nodes.apart import write_apart

        write_apart(self, scope, frame, target, params)

    # -- what the layers build on ---------------------------------------------------------------------

    def inputs(self, data_map: Mapping[str, Any], scope: EngineContext) -> dict[str, Any]:
        """Returns local name -> frame of this engine. What a connect step put out is left out."""
        frames = {}
        for local, key in self.step.inputs.items():
            if key not in data_map:
                raise missing_input(self.step, local, key, data_map)
            if is_data(data_map[key]):
                frames[local] = scope.adopt(data_map[key])
        return frames

    def the_input(self, data_map: Mapping[str, Any], scope: EngineContext) -> tuple[str, Any]:
        """Returns key and frame of a step that takes exactly one input."""
        frames = self.inputs(data_map, scope)
        if len(frames) != 1:
            raise StepOptionError(
                f"a {self.step.layer} step takes one input, this one has {len(frames) or 'none'}",
                step=self.step.name,
                field="inputs",
                help=None if frames else 'name what to write: `"inputs": {"data": "<key>"}`',
            )
        ((local, frame),) = frames.items()
        return self.step.inputs[local], frame

    def text(self) -> str:
        """Returns the step's `value` with its placeholders filled.

        Raises:
            StepOptionError: It is empty.
        """
        from odibi_core.config.placeholders import fill_text

        return self._filled(fill_text(self._value(), self.runtime.values))

    def query(self, scope: EngineContext, params: Mapping[str, Any] | None = None) -> str:
        """Returns the step's `value` as SQL of the database it goes to, with its placeholders filled."""
        return self.fill_sql(self._value(), dialect_of(scope, params or {}))

    def params(self, scope: EngineContext | None = None) -> dict[str, Any]:
        """Returns the step's `params` with their placeholders filled, without options of the step itself.

        A query among them is filled as SQL of the database that `scope` would send it to: what ends a text
        in one dialect does not in another.
        """
        own = {name: value for name, value in self.step.params.items() if name not in self.step_options}
        queries = {name: own.pop(name) for name in QUERY if isinstance(own.get(name), str)}
        filled: dict[str, Any] = self.fill(own)
        if queries:
            dialect = _DUCKDB if scope is None else dialect_of(scope, filled)
            filled |= {name: self.fill_sql(text, dialect) for name, text in queries.items()}
        return filled

    def fill(self, value: _T) -> _T:
        """Returns a value of `params` with every placeholder in it filled."""
        from odibi_core.config.placeholders import fill_params

        filled: _T = fill_params(value, self.runtime.values)
        return self._filled(filled)

    def fill_sql(self, text: str, dialect: str) -> str:
        """Returns a piece of SQL with its placeholders filled as SQL."""
        from odibi_core.config.placeholders import fill_sql
        from odibi_core.config.sql_text import DIALECTS, UNKNOWN

        return self._filled(fill_sql(text, self.runtime.values, dialect=DIALECTS.get(dialect, UNKNOWN)))

    def to_outputs(self, result: Any, scope: EngineContext) -> dict[str, Any]:
        """Returns a single result under each output, as this engine's frame."""
        return dict.fromkeys(self.step.outputs, scope.adopt(result)) if self.step.outputs else {}

    def snapshot(self, position: str, key: str | None, frame: Any, scope: EngineContext) -> None:
        """Records what came in or out, and keeps the dataset's first rows."""
        snapshot = self.tracker.snapshot(position, frame, scope, dataset=key, step=self.step.name)
        self.rows = snapshot.row_count
        self.events.emit("snapshot", step=self.step, snapshot=snapshot)
        if key is not None:
            self.keep_preview(key, frame, scope)

    def snapshot_after(self, results: Mapping[str, Any], scope: EngineContext) -> None:
        """Records what came out: a snapshot of the first output, the first rows of each."""
        for index, (local, frame) in enumerate(results.items()):
            key = self.step.outputs[local]
            self.tracker.forget_dataset(key)
            if index == 0:
                self.snapshot("after", key, frame, scope)
            else:
                self.keep_preview(key, frame, scope)

    def keep_preview(self, key: str, frame: Any, scope: EngineContext) -> None:
        """Stores the first rows of a dataset; that they cannot be stored is told and harms nothing."""
        if self.runtime.previews:
            import pyarrow as pa

            try:
                self.tracker.store_preview(key, frame, scope, step=self.step.name)
            except pa.ArrowException as error:
                self.tracker.log(f"no preview of `{key}`: {error}", level="warning", step=self.step.name)
        if self.runtime.profile != "off":
            self._keep_profile(key, frame, scope)

    def _keep_profile(self, key: str, frame: Any, scope: EngineContext) -> None:
        """Stores the statistics of a dataset's columns; that there can be none is told and harms nothing."""
        full = self.runtime.profile == "full"
        try:
            self.tracker.store_profile(key, frame, scope, step=self.step.name, full=full)
        except ProfileError as error:
            self.tracker.log(f"no profile of `{key}`: {error}", level="warning", step=self.step.name)

    def expect(
        self, results: Mapping[str, Any], scope: EngineContext, inputs: Mapping[str, Any] | None = None
    ) -> None:
        """Holds what came out of the step against what its `metadata.expect` says of it.

        Args:
            results: What came out, by local name.
            scope: The engine it is on.
            inputs: What conditions in SQL may read besides, by local name.
        """
        if self.step.metadata.get("expect") is not None:
            from odibi_core.nodes.expectations import check_expectations

            frames = {local: (self.step.outputs[local], frame) for local, frame in results.items()}
            check_expectations(self, frames, scope, inputs)

    def expect_of_input(self, key: str, frame: Any, scope: EngineContext) -> None:
        """Holds what goes into the step, before anything is done with it, against its `metadata.expect`."""
        if self.step.metadata.get("expect") is not None:
            from odibi_core.nodes.expectations import check_expectations

            check_expectations(self, {next(iter(self.step.inputs)): (key, frame)}, scope)

    def tell(self, message: str, level: str = "info", *, stream: str | None = None) -> None:
        """Writes a line of the step's log."""
        message = self.tracker.redactor.text(message)
        self.tracker.log(message, level=level, step=self.step.name, stream=stream)
        self.events.emit("log", step=self.step, level=level, message=message)

    @property
    def is_interrupted(self) -> bool:
        """Whether the node has been told to end."""
        return self._interrupted

    def progress(self, rows: int, of: int) -> None:
        """Tells how many of its rows a step has dealt with."""
        current = self.tracker.current_step()
        attempt = current[1] if current is not None and current[0] == self.step.name else 1
        fraction = rows / of if of else 1.0
        self.tracker.record(Progress(step=self.step.name, attempt=attempt, rows=rows, fraction=fraction))
        self.events.emit("step_progress", step=self.step, rows=rows, bytes=None, fraction=fraction)

    def bad_option(self, message: str, field: str, help: str | None = None) -> StepOptionError:
        """Returns the error for a value or option the step cannot work with."""
        return StepOptionError(message, step=self.step.name, field=field, help=help)

    def _learn_rows(
        self, data_map: Mapping[str, Any], results: Mapping[str, Any], scope: EngineContext
    ) -> None:
        """Fills in the sizes of lazy frames that the work has shown."""
        for key in self.step.inputs.values():
            if is_data(data_map.get(key, "")):
                self.tracker.learn_rows(key, data_map[key], scope)
        for local, key in self.step.outputs.items():
            if is_data(results[local]):
                self.tracker.learn_rows(key, results[local], scope)

    def _check_type(self) -> None:
        if self.step.type not in TYPES:
            close = nearest(self.step.type, TYPES)
            raise self.bad_option(
                f"no type is called `{self.step.type}`",
                "type",
                f"did you mean `{close}`" if close else f"use one of {', '.join(TYPES)}",
            )

    def _value(self) -> str:
        if not self.step.value.strip():
            raise self.bad_option(
                f"a {self.step.layer} step of type `{self.step.type}` needs a `value`", "value"
            )
        return self.step.value

    def _filled(self, value: _T) -> _T:
        self.runtime.hide_secrets(self.tracker.redactor)
        return value
