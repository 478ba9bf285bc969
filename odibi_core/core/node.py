"""What a pipeline is made of: the step as it is written, and the node that carries it out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from odibi_core.core.events import EventEmitter
    from odibi_core.core.tracker import Tracker
    from odibi_core.diagnostics import Span
    from odibi_core.engine.base_context import EngineContext

LAYERS = ("connect", "ingest", "transform", "store", "publish")
TYPES = ("sql", "function", "config_op", "api")
ENGINES = ("pandas", "spark", "duckdb")

_REQUIRED: Any = type("_Required", (), {"__repr__": lambda self: "<required>"})()


class Origin(Protocol):
    """Where a loaded step stands in its source; looks a place up only when asked."""

    @property
    def path(self) -> str:
        """The source as the person named it."""

    @property
    def index(self) -> int:
        """Position of the step in the source, from 0."""

    def locate(
        self,
        *field: str | int,
        key: bool = False,
        start: int | None = None,
        end: int | None = None,
    ) -> Span:
        """Returns the span of the step, or of a field inside it.

        Args:
            *field: Path to the value, such as `"inputs", "data"`; empty for the whole step. Where a
                field is not there, the nearest ancestor that is answers.
            key: The field's key rather than its value.
            start: First character of interest inside a text value, in decoded characters.
            end: Character after the last one of interest.
        """


@dataclass
class Step:
    """One step of a pipeline, as written in its config.

    Attributes:
        layer: connect, ingest, transform, store or publish.
        name: Unique in a pipeline.
        type: sql, function, config_op or api.
        engine: pandas, spark or duckdb.
        value: A path, a query, a function's dotted name or a URL.
        params: Options of the operation.
        inputs: Local name -> key in `data_map`.
        outputs: Local name -> key in `data_map`.
        metadata: Free-form.
        origin: Where the step was loaded from; neither compared nor printed.
    """

    layer: str = "transform"
    name: str = _REQUIRED
    type: str = "config_op"
    engine: str = "pandas"
    value: str = ""
    params: dict[str, Any] = None  # type: ignore[assignment]  # None means {}
    inputs: dict[str, str] = None  # type: ignore[assignment]
    outputs: dict[str, str] = None  # type: ignore[assignment]
    metadata: dict[str, Any] = None  # type: ignore[assignment]
    origin: Origin | None = field(default=None, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.name is _REQUIRED:
            raise TypeError("Step() missing required argument: 'name'")
        # Written out: configs of 10,000 steps come through here.
        if self.params is None:
            self.params = {}  # type: ignore[unreachable]
        if self.inputs is None:
            self.inputs = {}  # type: ignore[unreachable]
        if self.outputs is None:
            self.outputs = {}  # type: ignore[unreachable]
        if self.metadata is None:
            self.metadata = {}  # type: ignore[unreachable]


class NodeState(Enum):
    """The states a step goes through in a run."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    RETRY = "retry"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    REUSED = "reused"


class NodeBase(ABC):
    """Carries out one step; there is a subclass for each layer in `odibi_core.nodes`.

    A node reads what its step's `inputs` name and adds what its `outputs` name.

    Attributes:
        step: The step to carry out.
        context: The engine to do it on.
        tracker: Receives snapshots.
        events: Receives progress and snapshot events.
        state: Where the node is.
    """

    layer: ClassVar[str]

    def __init__(self, step: Step, context: EngineContext, tracker: Tracker, events: EventEmitter) -> None:
        self.step = step
        self.context = context
        self.tracker = tracker
        self.events = events
        self.state = NodeState.PENDING

    @abstractmethod
    def run(self, data_map: dict[str, Any]) -> dict[str, Any]:
        """Carries out the step and returns `data_map` with the step's declared outputs added."""

    def _update_state(self, state: NodeState) -> None:
        self.state = state
