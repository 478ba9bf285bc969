"""Frames across the border of a worker, and the context that is made anew on its other side."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.errors import SecretError, StepOptionError
from odibi_core.functions.results import is_frame

if TYPE_CHECKING:
    import pyarrow as pa

    from odibi_core.engine.base_context import EngineContext


def to_arrow(frame: Any, context: EngineContext | None) -> pa.Table:
    """Returns any frame as an Arrow table; a pandas frame with what it takes to make it again.

    Raises:
        StepOptionError: A column holds what Arrow has no type for.
        TypeError: `frame` is not tabular.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        if isinstance(frame, pa.Table):
            return frame
        if isinstance(frame, pd.DataFrame):
            return pa.Table.from_pandas(frame)
        if isinstance(frame, list) and is_frame(frame):
            return pa.Table.from_pylist(frame)
        if context is not None and context.is_frame(frame):
            return context.to_arrow(frame)
        if hasattr(frame, "__arrow_c_stream__"):
            return pa.table(frame)
        if isinstance(frame, pa.RecordBatch):
            return pa.Table.from_batches([frame])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise StepOptionError(
            f"a frame cannot pass between the run and the step's own process: {error}",
            help="give each column values of one type, or take out `timeout` and `isolate`",
        ) from error
    if context is not None:
        return context.to_arrow(context.adopt(frame))
    raise TypeError(f"a {type(frame).__qualname__} is not a frame")


def from_arrow(table: pa.Table, context: EngineContext) -> Any:
    """Returns a table as the frame of the context's engine."""
    if context.name == "pandas":
        return table.to_pandas()  # also the index, and dtypes that Arrow itself does not have
    return context.adopt(table)


@dataclass(frozen=True)
class ContextRecipe:
    """What a worker needs to make its own context: an open one cannot be handed over.

    Attributes:
        base_dir: What relative paths are relative to.
        secrets: As the run's context has them.
    """

    base_dir: str | None = None
    secrets: Any = None

    @classmethod
    def of(cls, context: EngineContext | None) -> ContextRecipe:
        """Returns the recipe of a context."""
        if context is None:
            return cls()
        return cls(
            base_dir=None if context.base_dir is None else str(context.base_dir.resolve()),
            secrets=_portable(context.secrets),
        )

    def make(self, engine: str) -> EngineContext:
        """Returns a new context."""
        from odibi_core.engine import create_engine_context

        return create_engine_context(engine, base_dir=self.base_dir, secrets=self.secrets)


def _portable(secrets: Any) -> Any:
    if isinstance(secrets, Mapping):
        return dict(secrets)
    try:
        pickle.dumps(secrets)
    except Exception:  # noqa: BLE001 - a closure, a client with a connection, ...: said when it is asked
        return _SecretsElsewhere()
    return secrets


class _SecretsElsewhere:
    def __call__(self, name: str) -> str | None:
        raise SecretError(
            f"secret `{name}` cannot be asked for in a step's own process: `secrets` cannot be pickled",
            help="pass `secrets=` as a mapping or a module's function, or take out `timeout` and `isolate`",
        )
