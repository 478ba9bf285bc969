"""How a function is called: which argument gets which input, parameter, context and step."""

from __future__ import annotations

import contextvars
import inspect
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.errors import StepOptionError
from odibi_core.functions.registry import spec_of
from odibi_core.functions.resolution import importable
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from odibi_core.core.node import Step
    from odibi_core.engine.base_context import EngineContext
    from odibi_core.functions.declaration import Requires
    from odibi_core.functions.registry import FunctionSpec

# Options of the step itself, which stand in `params` too: a function gets them only if it names them.
STEP_OPTIONS = frozenset({"timeout", "isolate"})


def call(
    function: Callable[..., Any],
    frames: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
    *,
    context: EngineContext | None = None,
    step: Step | None = None,
) -> Any:
    """Calls a function step's function and returns what it returns; an async function is awaited.

    An input goes to the parameter of its local name, else to the next parameter that is still free, in
    input order. `params` go by keyword. `context` and `step` are handed in where the function names them.

    Args:
        function: What `resolve` returned.
        frames: Local name -> frame, in the order of the step's `inputs`.
        params: The step's options.
        context: The engine the step runs on; its `base_dir` can be imported from inside the call.
        step: The step.

    Raises:
        StepOptionError: The inputs and parameters do not fit the function.
    """
    if context is not None:
        _refuse_engine(function, context, step)
    args, kwargs = bind(function, frames, params or {}, context=context, step=step)
    with importable(context.base_dir if context is not None else None):
        result = function(*args, **kwargs)
        return _wait_for(result) if inspect.isawaitable(result) else result


def bind(
    function: Callable[..., Any],
    frames: Mapping[str, Any],
    params: Mapping[str, Any],
    *,
    context: EngineContext | None = None,
    step: Step | None = None,
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments `call` would call the function with.

    Raises:
        StepOptionError: The inputs and parameters do not fit the function.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions written in C tell nothing; let them judge
        given = {name: value for name, value in params.items() if name not in STEP_OPTIONS}
        return tuple(frames.values()), given
    title = getattr(function, "__qualname__", type(function).__name__)
    matched = Matching(title, signature).match(frames, params, {"context": context, "step": step})
    if matched.complaints:
        first = matched.complaints[0]
        name = step.name if step is not None else None
        raise StepOptionError(first.message, step=name, field=first.field, help=first.help)
    spec = spec_of(function)
    if spec is not None and spec.requires and context is not None:
        _require(spec, frames, matched.arguments, context, step)
    return matched.arguments.args, matched.arguments.kwargs


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a function cannot be called with what a step has.

    Attributes:
        kind: An input without a parameter, a param the function does not take, a required parameter that
            nothing fills, or a name that is both.
        name: The input or parameter.
        message: What is wrong.
        field: Field of the step.
        help: What to do.
        nearest: The parameter that was probably meant.
    """

    kind: Literal["both", "surplus", "unknown", "missing"]
    name: str
    message: str
    field: str
    help: str
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """Which argument each parameter gets, and all that does not fit."""

    arguments: inspect.BoundArguments
    complaints: list[Complaint]


class Matching:
    """The rules by which a step's inputs and params become a function's arguments.

    Args:
        title: What messages call the function.
        signature: Its signature; of the defaults only that they are there matters here.
    """

    def __init__(self, title: str, signature: inspect.Signature) -> None:
        self.title = title
        self.signature = signature
        by_kind: dict[Any, list[str]] = {}
        for parameter in signature.parameters.values():
            by_kind.setdefault(parameter.kind, []).append(parameter.name)
        kind = inspect.Parameter
        self.keywords = by_kind.get(kind.POSITIONAL_OR_KEYWORD, []) + by_kind.get(kind.KEYWORD_ONLY, [])
        self.positionals = by_kind.get(kind.POSITIONAL_ONLY, []) + by_kind.get(kind.POSITIONAL_OR_KEYWORD, [])
        self.rest = next(iter(by_kind.get(kind.VAR_POSITIONAL, [])), None)
        self.any_keyword = next(iter(by_kind.get(kind.VAR_KEYWORD, [])), None)

    def match(
        self, frames: Mapping[str, Any], params: Mapping[str, Any], offers: Mapping[str, Any]
    ) -> Matched:
        """Returns what each parameter gets; the arguments can be used where there are no complaints.

        Args:
            frames: Local name -> frame, in the order of the step's `inputs`.
            params: The step's options.
            offers: What is handed in where the function names it: `context`, `step`.
        """
        complaints: list[Complaint] = []
        bound: dict[str, Any] = {name: frame for name, frame in frames.items() if name in self.keywords}
        extra: dict[str, Any] = {}
        unknown = []
        for name, value in params.items():
            if name in frames and name not in STEP_OPTIONS:
                message, help = f"`{name}` is both an input and a parameter", "rename one of them"
                complaints.append(Complaint("both", name, message, f"params.{name}", help))
            elif name in self.keywords:
                bound.setdefault(name, value)
            elif name in STEP_OPTIONS:
                continue
            elif self.any_keyword is not None:
                extra[name] = value
            else:
                unknown.append(name)
        for name, value in offers.items():
            if name in self.keywords and name not in bound and (value is not None or self._is_required(name)):
                bound[name] = value
        rest, surplus = self._place([name for name in frames if name not in bound], frames, bound, extra)
        complaints += [self._surplus(name) for name in surplus]
        complaints += self._unfit(unknown, bound)
        arguments = inspect.BoundArguments(
            self.signature,
            {
                name: tuple(rest) if name == self.rest else extra if name == self.any_keyword else bound[name]
                for name in self.signature.parameters
                if name in bound or name in (self.rest, self.any_keyword)
            },  # typeshed wants an OrderedDict; dicts are ordered
        )
        if rest:  # what goes to *args needs every parameter before it filled by position
            arguments.apply_defaults()
        return Matched(arguments, complaints)

    def _place(
        self, names: list[str], frames: Mapping[str, Any], bound: dict[str, Any], extra: dict[str, Any]
    ) -> tuple[list[Any], list[str]]:
        """Gives the inputs that no parameter is named for to what is free.

        Returns:
            What goes to `*args`, and the names of the inputs that have no place.
        """
        free = [name for name in self.positionals if name not in bound]
        for name, parameter in zip(names, free, strict=False):
            bound[parameter] = frames[name]
        surplus = names[len(free) :]
        if self.rest is not None:
            return [frames[name] for name in surplus], []
        if self.any_keyword is not None:
            extra |= {name: frames[name] for name in surplus}
            return [], []
        return [], surplus

    def _surplus(self, name: str) -> Complaint:
        close = nearest(name, self.keywords)
        help = f"a parameter `{close}` exists" if close else f"it takes {self._described()}"
        message = f"function `{self.title}` has no parameter for the input `{name}`"
        return Complaint("surplus", name, message, f"inputs.{name}", help, close)

    def _unfit(self, unknown: list[str], bound: dict[str, Any]) -> list[Complaint]:
        """Returns the params that the function does not take, then the parameters that nothing fills.

        A required parameter whose name a param misses by little is not complained of as well.
        """
        missing = [
            name
            for name in self.signature.parameters
            if name not in bound and name not in (self.rest, self.any_keyword) and self._is_required(name)
        ]
        complaints = []
        for name in unknown:
            close = nearest(name, missing) or nearest(
                name, [keyword for keyword in self.keywords if keyword not in bound]
            )
            if close in missing:
                missing.remove(close)
            help = f"a parameter `{close}` exists" if close else f"it takes {self._described()}"
            message = f"function `{self.title}` has no parameter `{name}`"
            complaints.append(Complaint("unknown", name, message, f"params.{name}", help, close))
        for name in missing:
            message, help = (
                f"function `{self.title}` needs `{name}`",
                f"give an input or a parameter `{name}`",
            )
            complaints.append(Complaint("missing", name, message, "params", help))
        return complaints

    def _is_required(self, name: str) -> bool:
        return self.signature.parameters[name].default is inspect.Parameter.empty

    def _described(self) -> str:
        names = [name for name in self.signature.parameters if name not in ("context", "step")]
        return ", ".join(f"`{name}`" for name in names) or "no arguments"


def required_columns(
    requires: Requires, arguments: Mapping[str, Any], frames: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the inputs that a function requires columns of, by local name, and which.

    Args:
        requires: What the function declares.
        arguments: What each parameter gets.
        frames: Local name -> what stands for the frame among the arguments.
    """
    for parameter, columns in requires:
        frame = next(iter(arguments.values()), None) if parameter is None else arguments.get(parameter)
        named = [name for name, other in frames.items() if other is frame]
        local = parameter if parameter in named else next(iter(named), None)
        if local is not None:
            yield local, columns


def _require(
    spec: FunctionSpec,
    frames: Mapping[str, Any],
    arguments: inspect.BoundArguments,
    context: EngineContext,
    step: Step | None,
) -> None:
    for local, columns in required_columns(spec.requires, arguments.arguments, frames):
        there = [column.name for column in context.columns(frames[local])]
        for name in columns:
            if name not in there:
                close = nearest(name, there)
                raise StepOptionError(
                    f"`{local}` has no column `{name}`, which function `{spec.qualname}` requires",
                    step=None if step is None else step.name, field=f"inputs.{local}",
                    help=f"a column `{close}` exists" if close else None,
                )  # fmt: skip


def _refuse_engine(function: Callable[..., Any], context: EngineContext, step: Step | None) -> None:
    spec = spec_of(function)
    if spec is not None and context.name not in spec.engines:
        raise StepOptionError(
            f"function `{spec.qualname}` does not take frames of the engine `{context.name}`",
            step=None if step is None else step.name, field="engine",
            help=f"set `engine` to {' or '.join(f'`{name}`' for name in spec.engines)}",
        )  # fmt: skip


def _wait_for(result: Awaitable[Any]) -> Any:
    import asyncio

    async def wait() -> Any:
        return await result

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    # The caller sits in an event loop, which cannot run a second one on its thread.
    outcome: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(wait()))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]
