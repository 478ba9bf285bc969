"""The engines: pandas, DuckDB and Spark behind one interface. Names are imported when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from odibi_core.engine.base_context import EngineContext
    from odibi_core.engine.duckdb_context import DuckDBEngineContext
    from odibi_core.engine.pandas_context import PandasEngineContext
    from odibi_core.engine.spark_context import SparkEngineContext

_HOMES = {
    "EngineContext": "odibi_core.engine.base_context",
    "PandasEngineContext": "odibi_core.engine.pandas_context",
    "DuckDBEngineContext": "odibi_core.engine.duckdb_context",
    "SparkEngineContext": "odibi_core.engine.spark_context",
}
_ENGINES = {"pandas": "PandasEngineContext", "spark": "SparkEngineContext", "duckdb": "DuckDBEngineContext"}

__all__ = [
    "DuckDBEngineContext",
    "EngineContext",
    "PandasEngineContext",
    "SparkEngineContext",
    "create_engine_context",
]


def create_engine_context(engine: str, **config: Any) -> EngineContext:
    """Returns a context of the named engine; nothing outside is touched before `connect()`.

    Args:
        engine: `pandas`, `spark` or `duckdb`, in any case.
        **config: `secrets`, `base_dir`, `connections`, and the engine's own settings.

    Raises:
        ValueError: No engine has that name.
    """
    class_name = _ENGINES.get(engine.strip().lower()) if isinstance(engine, str) else None
    if class_name is None:
        from odibi_core.errors import UnknownEngineError
        from odibi_core.text import nearest, one_line

        known = ", ".join(f"`{name}`" for name in _ENGINES)
        close = nearest(str(engine), _ENGINES)
        raise UnknownEngineError(
            f"unknown engine `{one_line(str(engine))}`; the engines are {known}",
            help=f"did you mean `{close}`" if close else None,
        )
    context: EngineContext = getattr(importlib.import_module(_HOMES[class_name]), class_name)(**config)
    return context


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
