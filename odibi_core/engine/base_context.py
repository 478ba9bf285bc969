"""EngineContext: what every engine can do, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from odibi_core.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import pandas as pd
    import pyarrow as pa

    from odibi_core.engine.connections import ConnectionRegistry
    from odibi_core.journal.events import ColumnInfo
    from odibi_core.journal.profile import Profile

Secrets = "Mapping[str, str] | Callable[[str], str | None]"


class EngineContext(ABC):
    """Reads, writes and queries data on one engine.

    Making a context touches nothing outside; `connect()` opens it. The other methods connect when
    they must. A context may be used from several threads; work of one step goes through its own
    `scope()`, so that steps side by side share no names.

    Attributes:
        name: The engine's name: pandas, duckdb or spark.
        base_dir: What relative paths are relative to; None means the current directory.
        connections: Named connections that connect steps have opened, shared by the run's contexts.
    """

    name: ClassVar[str]

    def __init__(
        self,
        *,
        secrets: Mapping[str, str] | Callable[[str], str | None] | None = None,
        base_dir: str | Path | None = None,
        connections: ConnectionRegistry | None = None,
        **config: Any,
    ) -> None:
        from odibi_core.engine.connections import ConnectionRegistry

        self.secrets = secrets
        self.base_dir = Path(base_dir) if base_dir is not None else None
        self.connections = connections if connections is not None else ConnectionRegistry()
        self.config = config

    # -- the contract -----------------------------------------------------------------------------

    @abstractmethod
    def connect(self) -> Self:
        """Opens the engine; does nothing if it is open. Returns itself."""

    @abstractmethod
    def read(self, source: str | Path, **params: Any) -> Any:
        """Reads a file, glob, URL or database table into the engine's frame.

        Args:
            source: Path, glob, or empty where `table`/`query` and `connection` say what to read.
            **params: `format` (else from the suffix), and the reader's keywords; pandas names work
                on every engine.

        Raises:
            FileNotFoundError: The source does not exist.
            odibi_core.errors.FormatError: It is not in the format, or the format is unknown.
        """

    @abstractmethod
    def write(self, df: Any, target: str | Path, **params: Any) -> Any:
        """Writes a frame to a file or database table, whole or not at all.

        Args:
            df: A frame of any engine.
            target: Path, or table name where `connection` is given.
            **params: `format`, `mode` (overwrite, append or error) and the writer's keywords.

        Raises:
            odibi_core.errors.TargetExistsError: The target exists and `mode` is error.
        """

    @abstractmethod
    def execute_sql(self, query: str) -> Any:
        """Runs a query over the registered names and returns the engine's frame."""

    @abstractmethod
    def register_temp(self, name: str, df: Any) -> None:
        """Makes a frame of any engine known to `execute_sql` under `name`."""

    @abstractmethod
    def collect_sample(self, df: Any, n: int = 5) -> pd.DataFrame:
        """Returns the first `n` rows as a pandas frame."""

    def get_secret(self, name: str) -> str:
        """Returns the secret of that name.

        Raises:
            ValueError: There is no such secret, or no secrets are configured.
        """
        if self.secrets is None:
            raise SecretError("No secrets configured", help="pass `secrets=` when the context is made")
        secret = self.secrets(name) if callable(self.secrets) else self.secrets.get(name)
        if secret is None:
            raise SecretError(f"Secret not found: {name}")
        return secret

    @abstractmethod
    def close(self) -> None:
        """Releases the engine and every name registered; does nothing if it is closed."""

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- what a run needs beyond it ---------------------------------------------------------------

    @abstractmethod
    def scope(self, step: str) -> AbstractContextManager[EngineContext]:
        """Returns a context for the work of one step: same data, same connections, its own names.

        Names registered in it end with it. `interrupt()` on it, from any thread, ends what it is doing.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """Ends the query this context or scope is running, from any thread; harmless when idle."""

    @abstractmethod
    def is_frame(self, value: Any) -> bool:
        """Whether `value` is this engine's own frame."""

    @abstractmethod
    def adopt(self, frame: Any) -> Any:
        """Returns any engine's frame (or an Arrow table, or a list of dicts) as this engine's own.

        Crosses through Arrow. A frame that is this engine's already is returned as it is.

        Raises:
            TypeError: `frame` is not tabular.
        """

    @abstractmethod
    def columns(self, df: Any) -> tuple[ColumnInfo, ...]:
        """Returns the schema: Arrow type names (`int64`, `string`), the engine's own beside them."""

    @abstractmethod
    def row_count(self, df: Any) -> int | None:
        """Returns the number of rows, or None where counting would cost a pass over the data."""

    @abstractmethod
    def to_arrow(self, df: Any, limit: int | None = None) -> pa.Table:
        """Returns the frame, or its first `limit` rows, as an Arrow table."""

    def profile(self, df: Any, *, full: bool = False) -> Profile | None:
        """Returns the statistics of a frame's columns, or None if only its first rows could be looked at.

        Args:
            df: The frame.
            full: Look at all rows however many there are, rather than at a sample above `EXACT_ROWS`.

        Raises:
            duckdb.Error: It cannot be told, of this data.
        """
        return None

    def release(self, frame: Any) -> None:
        """Frees what a frame of this engine holds outside Python; does nothing where that is nothing."""
        return

    def resolve(self, path: str | Path) -> Path:
        """Returns `path` below `base_dir` where it is relative."""
        return Path(path) if self.base_dir is None else self.base_dir / path
