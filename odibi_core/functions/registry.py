"""`@odibi_function` and the names it registers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from odibi_core.core.node import ENGINES
from odibi_core.functions.declaration import (
    Columns,
    Requires,
    RequiresLike,
    Result,
    Returns,
    ReturnsLike,
    columns_of,
    engines_of,
    requires_of,
)

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__odibi_function__"


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What is declared about a function.

    Attributes:
        name: The short name a step's `value` may use.
        function: The function itself.
        engines: Engines whose frames it takes.
        result: What is declared of its result.
        requires: Columns that the frame of a parameter must have; None stands for its first parameter.
        volatile: Whether the same input may give another result, so that it is never reused.
        data_decides: Whether the columns of its result depend on the data (of one of Odibi's own).
        module: Where it was defined.
        qualname: Its name in there.
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    engines: tuple[str, ...] = ENGINES
    result: Result | None = None
    requires: Requires = ()
    volatile: bool = False
    module: str = ""
    qualname: str = ""
    data_decides: bool = False

    @property
    def returns(self) -> Columns | None:
        """The columns of its result, name and Arrow type name, where a single frame's are declared."""
        return None if self.result is None else self.result.columns

    @property
    def is_importable(self) -> bool:
        """Whether another process can get the function by importing its module."""
        return self.module not in ("", "__main__", "__mp_main__") and "<" not in self.qualname


class Registry:
    """Short names -> functions. Thread-safe; a module that is imported again replaces its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._specs: dict[str, FunctionSpec] = {}

    def add(self, spec: FunctionSpec) -> None:
        """Registers a function.

        Raises:
            ValueError: Another function has that name.
        """
        with self._lock:
            known = self._specs.get(spec.name)
            if known is not None and (known.module, known.qualname) != (spec.module, spec.qualname):
                raise ValueError(
                    f"function name `{spec.name}` is taken by `{known.module}.{known.qualname}`; "
                    f'give `{spec.module}.{spec.qualname}` another with `@odibi_function("...")`'
                )
            self._specs[spec.name] = spec

    def get(self, name: str) -> FunctionSpec | None:
        """Returns what is registered under `name`."""
        with self._lock:
            return self._specs.get(name)

    def names(self) -> list[str]:
        """Returns all names, sorted."""
        with self._lock:
            return sorted(self._specs)

    def specs(self) -> dict[str, FunctionSpec]:
        """Returns all that is registered, by name."""
        with self._lock:
            return dict(self._specs)

    def forget_modules(self, modules: Iterable[str]) -> None:
        """Drops what these modules registered."""
        gone = frozenset(modules)
        with self._lock:
            self._specs = {name: spec for name, spec in self._specs.items() if spec.module not in gone}


# Decorators run when a module is imported, whoever imports it, so what they fill must belong to the process.
REGISTRY = Registry()
BUILTINS = Registry()


@overload
def odibi_function(name: F, /) -> F: ...
@overload
def odibi_function(
    name: str | None = None,
    /,
    *,
    engines: str | Iterable[str] = ENGINES,
    returns: ReturnsLike | None = None,
    requires: RequiresLike | None = None,
    volatile: bool = False,
) -> Callable[[F], F]: ...
def odibi_function(
    name: Any = None,
    /,
    *,
    engines: str | Iterable[str] = ENGINES,
    returns: ReturnsLike | None = None,
    requires: RequiresLike | None = None,
    volatile: bool = False,
) -> Any:
    """Registers a function for steps of type `function`; the function itself is unchanged.

    Args:
        name: The short name a step may use; the function's own name if left out.
        engines: The engine or engines whose frames it takes.
        returns: The columns of its result, all of them: name -> Arrow type name; for a function that returns
            several frames, local output name -> such a mapping. A run holds the function to it.
        requires: Columns that the frame of the first parameter must have, or parameter -> columns.
        volatile: The same input may give another result (it asks a clock, a service, a random number).

    Raises:
        ValueError: The name is taken, or an engine or a type is unknown.
    """
    if callable(name):
        return odibi_function()(name)
    kinds = engines_of(engines)
    result = None if returns is None else columns_of(returns)
    needed = () if requires is None else requires_of(requires)

    def register(function: F) -> F:
        own = _own_name(function)
        spec = FunctionSpec(name or own, function, kinds, result, needed, volatile, *_home(function, own))
        return _register(REGISTRY, spec, function)

    return register


def builtin_function(name: str, *, data_decides: bool = False) -> Callable[[F], F]:
    """Registers one of Odibi's own functions; a user's function of the same name comes before it.

    What it gives is told by calling it over frames without rows, so what it does may depend on columns and
    options only, unless `data_decides`.
    """

    def register(function: F) -> F:
        module, qualname = _home(function, _own_name(function))
        spec = FunctionSpec(name, function, module=module, qualname=qualname, data_decides=data_decides)
        return _register(BUILTINS, spec, function)

    return register


def spec_of(function: Callable[..., Any]) -> FunctionSpec | None:
    """Returns what `@odibi_function` declared about a function, or None."""
    spec = getattr(function, _ATTRIBUTE, None)
    return spec if isinstance(spec, FunctionSpec) else None


def result_of(function: Callable[..., Any]) -> Result | None:
    """Returns what a function declares of its result: by `returns=`, else by its annotation."""
    spec = spec_of(function)
    if spec is not None and spec.result is not None:
        return spec.result
    annotation = getattr(function, "__annotations__", {}).get("return")
    if isinstance(annotation, str):
        if "Returns(" not in annotation:
            return None
        from odibi_core.functions.reading.declared import annotated

        return annotated(annotation)
    found = next(
        (note for note in getattr(annotation, "__metadata__", ()) if isinstance(note, Returns)), None
    )
    return None if found is None else columns_of(found)


def _register(registry: Registry, spec: FunctionSpec, function: F) -> F:
    registry.add(spec)
    setattr(function, _ATTRIBUTE, spec)
    return function


def _own_name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _home(function: Callable[..., Any], own: str) -> tuple[str, str]:
    return getattr(function, "__module__", None) or "", getattr(function, "__qualname__", own)
