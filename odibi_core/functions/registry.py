"""`@odibi_function` and the names it registers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from odibi_core.core.node import ENGINES
from odibi_core.text import nearest

F = TypeVar("F", bound=Callable[..., Any])
Returns = Mapping[str, str] | Iterable[tuple[str, str]]

_ATTRIBUTE = "__odibi_function__"


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What is declared about a function.

    Attributes:
        name: The short name a step's `value` may use.
        function: The function itself.
        engines: Engines whose frames it takes.
        returns: Columns of its result, name and Arrow type name, where declared.
        volatile: Whether the same input may give another result, so that it is never reused.
        module: Where it was defined.
        qualname: Its name in there.
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    engines: tuple[str, ...] = ENGINES
    returns: tuple[tuple[str, str], ...] | None = None
    volatile: bool = False
    module: str = ""
    qualname: str = ""

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
    returns: Returns | None = None,
    volatile: bool = False,
) -> Callable[[F], F]: ...
def odibi_function(
    name: Any = None,
    /,
    *,
    engines: str | Iterable[str] = ENGINES,
    returns: Returns | None = None,
    volatile: bool = False,
) -> Any:
    """Registers a function for steps of type `function`; the function itself is unchanged.

    Args:
        name: The short name a step may use; the function's own name if left out.
        engines: The engine or engines whose frames it takes.
        returns: The columns of its result, name -> Arrow type name, so that checks know them.
        volatile: The same input may give another result (it asks a clock, a service, a random number).

    Raises:
        ValueError: The name is taken, or an engine is unknown.
    """
    if callable(name):
        return odibi_function()(name)
    kinds = (engines,) if isinstance(engines, str) else tuple(engines)
    for engine in kinds:
        if engine not in ENGINES:
            close = nearest(engine, ENGINES)
            raise ValueError(
                f"unknown engine `{engine}`"
                + (f"; `{close}` exists" if close else f"; known: {', '.join(ENGINES)}")
            )
    columns = None if returns is None else _columns(returns)

    def register(function: F) -> F:
        return _register(REGISTRY, function, name, kinds, columns, volatile)

    return register


def builtin_function(name: str) -> Callable[[F], F]:
    """Registers one of Odibi's own functions; a user's function of the same name comes before it."""

    def register(function: F) -> F:
        return _register(BUILTINS, function, name, ENGINES, None, False)

    return register


def spec_of(function: Callable[..., Any]) -> FunctionSpec | None:
    """Returns what `@odibi_function` declared about a function, or None."""
    spec = getattr(function, _ATTRIBUTE, None)
    return spec if isinstance(spec, FunctionSpec) else None


def _register(
    registry: Registry,
    function: F,
    name: str | None,
    engines: tuple[str, ...],
    returns: tuple[tuple[str, str], ...] | None,
    volatile: bool,
) -> F:
    own = getattr(function, "__name__", type(function).__name__)
    spec = FunctionSpec(
        name=name or own,
        function=function,
        engines=engines,
        returns=returns,
        volatile=volatile,
        module=getattr(function, "__module__", None) or "",
        qualname=getattr(function, "__qualname__", own),
    )
    registry.add(spec)
    setattr(function, _ATTRIBUTE, spec)
    return function


def _columns(returns: Returns) -> tuple[tuple[str, str], ...]:
    pairs = returns.items() if isinstance(returns, Mapping) else returns
    columns = tuple((str(name), str(kind)) for name, kind in pairs)
    names = [name for name, _ in columns]
    for column in names:
        if names.count(column) > 1:
            raise ValueError(f"`returns` names the column `{column}` twice")
    return columns
