"""How a function is called: which argument gets which input, parameter, context and step."""

from __future__ import annotations

import contextvars
import inspect
import threading
from typing import TYPE_CHECKING, Any

from odibi_core.errors import StepOptionError
from odibi_core.functions.resolution import importable
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from odibi_core.core.node import Step
    from odibi_core.engine.base_context import EngineContext

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
    return _Binding(function, signature, step).bind(frames, params, {"context": context, "step": step})


class _Binding:
    def __init__(self, function: Callable[..., Any], signature: inspect.Signature, step: Step | None) -> None:
        self.title = getattr(function, "__qualname__", type(function).__name__)
        self.step_name = step.name if step is not None else None
        self.signature = signature
        by_kind: dict[Any, list[str]] = {}
        for parameter in signature.parameters.values():
            by_kind.setdefault(parameter.kind, []).append(parameter.name)
        kind = inspect.Parameter
        self.keywords = by_kind.get(kind.POSITIONAL_OR_KEYWORD, []) + by_kind.get(kind.KEYWORD_ONLY, [])
        self.positionals = by_kind.get(kind.POSITIONAL_ONLY, []) + by_kind.get(kind.POSITIONAL_OR_KEYWORD, [])
        self.rest = next(iter(by_kind.get(kind.VAR_POSITIONAL, [])), None)
        self.any_keyword = next(iter(by_kind.get(kind.VAR_KEYWORD, [])), None)

    def bind(
        self, frames: Mapping[str, Any], params: Mapping[str, Any], offers: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        bound: dict[str, Any] = {name: frame for name, frame in frames.items() if name in self.keywords}
        extra: dict[str, Any] = {}
        unknown = []
        for name, value in params.items():
            if name in frames and name not in STEP_OPTIONS:
                raise self.error(f"`{name}` is both an input and a parameter", "params." + name, None)
            if name in self.keywords:
                bound.setdefault(name, value)
            elif name in STEP_OPTIONS:
                continue
            elif self.any_keyword is not None:
                extra[name] = value
            else:
                unknown.append(name)
        for name, value in offers.items():
            if name in self.keywords and name not in bound and (value is not None or self.is_required(name)):
                bound[name] = value
        rest = self.place([name for name in frames if name not in bound], frames, bound, extra)
        self.refuse(unknown, bound)
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
        return arguments.args, arguments.kwargs

    def place(
        self, names: list[str], frames: Mapping[str, Any], bound: dict[str, Any], extra: dict[str, Any]
    ) -> list[Any]:
        """Gives the inputs that no parameter is named for to what is free; returns those for `*args`."""
        free = [name for name in self.positionals if name not in bound]
        for name, parameter in zip(names, free, strict=False):
            bound[parameter] = frames[name]
        surplus = names[len(free) :]
        if not surplus:
            return []
        if self.rest is not None:
            return [frames[name] for name in surplus]
        if self.any_keyword is not None:
            extra |= {name: frames[name] for name in surplus}
            return []
        close = nearest(surplus[0], self.keywords)
        raise self.error(
            f"function `{self.title}` has no parameter for the input `{surplus[0]}`",
            f"inputs.{surplus[0]}",
            f"a parameter `{close}` exists" if close else f"it takes {self.described()}",
        )

    def refuse(self, unknown: list[str], bound: dict[str, Any]) -> None:
        missing = [
            name
            for name in self.signature.parameters
            if name not in bound and name not in (self.rest, self.any_keyword) and self.is_required(name)
        ]
        if unknown:
            close = nearest(unknown[0], missing) or nearest(
                unknown[0], [name for name in self.keywords if name not in bound]
            )
            raise self.error(
                f"function `{self.title}` has no parameter `{unknown[0]}`",
                f"params.{unknown[0]}",
                f"a parameter `{close}` exists" if close else f"it takes {self.described()}",
            )
        if missing:
            raise self.error(
                f"function `{self.title}` needs `{missing[0]}`",
                "params",
                f"give an input or a parameter `{missing[0]}`",
            )

    def is_required(self, name: str) -> bool:
        return self.signature.parameters[name].default is inspect.Parameter.empty

    def described(self) -> str:
        names = [name for name in self.signature.parameters if name not in ("context", "step")]
        return ", ".join(f"`{name}`" for name in names) or "no arguments"

    def error(self, message: str, field: str, help: str | None) -> StepOptionError:
        return StepOptionError(message, step=self.step_name, field=field, help=help)


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
