"""The spark engine: frames are Spark's own, lazy ones; other data goes in and out through Arrow."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import tempfile
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, Self

from odibi_core.engine.base_context import EngineContext
from odibi_core.engine.spark_jobs import cancel_jobs, collect, tagged, take
from odibi_core.engine.spark_sql import is_remote, run_all
from odibi_core.engine.spark_types import arrow_name, for_spark
from odibi_core.errors import EngineError
from odibi_core.formats.arrow import arrow_to_pandas, is_tabular, table_of
from odibi_core.journal.events import ColumnInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from odibi_core.journal.profile import Profile

_LOOK_ROWS = 1_000  # what a look at a frame fetches, and keeps, so that the next needs no job
_KNOWN_SETTINGS = {"spark_config", "remote", "master", "app_name"}


class _Shared:
    """What a context and its scopes have in common."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.session: SparkSession | None = None
        self.ours = False
        # For the catalog's tables, which end with the session: not where the person works.
        self.warehouse: tempfile.TemporaryDirectory[str] | None = None
        self.numbers = itertools.count(1)
        self.token = secrets.token_hex(4)
        self.scopes: dict[str, str] = {}  # tags of open scopes, and their steps
        self.counts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.looks: weakref.WeakKeyDictionary[Any, pa.Table] = weakref.WeakKeyDictionary()


class SparkEngineContext(EngineContext):
    """Reads, writes and queries with Spark: in this process, which needs Java 17, or by Spark Connect.

    Settings: `spark_config` (Spark's own by name), `remote` (`sc://host:port`), `master` (`local[*]`),
    `app_name`. pyspark is imported and Spark started when it is first needed.
    """

    name: ClassVar[str] = "spark"

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._shared = _Shared()
        self._names: dict[str, DataFrame] = {}
        self._inherited: dict[str, DataFrame] = {}
        self._tag = f"odibi-{self._shared.token}"
        self._is_scope = False

    # -- the contract -------------------------------------------------------------------------------------

    def connect(self) -> Self:
        """Starts Spark or connects to it; does nothing if that is done. Returns itself.

        Raises:
            MissingDependencyError: pyspark is not installed.
            EngineError: Java is missing or too old, or Spark does not start.
        """
        _ = self.session
        return self

    @property
    def session(self) -> SparkSession:
        """The Spark session."""
        shared = self._shared
        with shared.lock:
            if shared.session is None:
                from odibi_core.engine.spark_session import start_session
                from odibi_core.text import nearest

                unknown = sorted(set(self.config) - _KNOWN_SETTINGS)
                if unknown:
                    close = nearest(unknown[0], _KNOWN_SETTINGS)
                    raise EngineError(
                        f"the spark engine has no setting `{unknown[0]}`",
                        help=f"did you mean `{close}`"
                        if close
                        else "give Spark's own ones in `spark_config`",
                    )
                if shared.warehouse is None:
                    shared.warehouse = tempfile.TemporaryDirectory(
                        prefix="odibi-spark-", ignore_cleanup_errors=True
                    )
                shared.session, shared.ours = start_session(
                    self.config.get("spark_config"),
                    self.config.get("remote"),
                    self.config.get("master"),
                    str(self.config.get("app_name") or "odibi"),
                    shared.warehouse.name,
                )
            return shared.session

    def read(self, source: str | Path = "", **params: Any) -> DataFrame:
        """Reads a file, glob, URL or database table: csv, jsonl and parquet with Spark's own readers.

        Options go by pandas' names or Spark's. One that Spark's reader has no like of is read with pandas'.
        """
        from odibi_core.engine.io import read_any
        from odibi_core.engine.spark_files import read_natively

        session = self.session
        with self._tagged():
            frame = read_natively(session, source, params, self.resolve, remote=is_remote(session))
        return frame if frame is not None else self._load(table_of(read_any(source, params, self)))

    def write(self, df: Any, target: str | Path, **params: Any) -> Any:
        """Writes a frame of any engine to a file or database table, whole or not at all."""
        from odibi_core.engine.io import write_any
        from odibi_core.engine.spark_files import write_natively

        if self.is_frame(df) and not is_remote(self.session):
            with self._tagged():
                written = write_natively(df, target, params, self.resolve)
            if written is not None:
                return written
        return write_any(self.to_arrow(df), target, params, self)

    def execute_sql(self, query: str) -> DataFrame:
        """Runs a query in Spark SQL over the registered names and returns a lazy frame.

        Statements that prepare may come first; temporary views they make end with the query. The last must
        give rows. Names are resolved here and now, one query at a time, so steps side by side share none.
        """
        session = self.session
        with self._shared.lock, self._tagged():
            return run_all(session, query, {**self._inherited, **self._names})

    def register_temp(self, name: str, df: Any) -> None:
        """Makes a frame of any engine known to `execute_sql` under `name`, in this scope only."""
        if not name:
            raise EngineError("a name to register is empty")
        for other in self._names:
            if other != name and other.casefold() == name.casefold():
                raise EngineError(f"`{name}` and `{other}` are one name in SQL, which ignores case")
        self._inherited = {n: f for n, f in self._inherited.items() if n.casefold() != name.casefold()}
        self._names[name] = self.adopt(df)

    def collect_sample(self, df: Any, n: int = 5) -> pd.DataFrame:
        """Returns the first `n` rows as a pandas frame."""
        return arrow_to_pandas(self.to_arrow(df, limit=n))

    def close(self) -> None:
        """Forgets the names, and stops Spark if this context started it."""
        self._names.clear()
        self._inherited = {}
        if self._is_scope:
            return
        shared = self._shared
        with shared.lock:
            session, shared.session = shared.session, None
            if session is not None and shared.ours:
                session.stop()
            if shared.warehouse is not None:
                shared.warehouse.cleanup()
                shared.warehouse = None

    # -- what a run needs beyond it -----------------------------------------------------------------------

    @contextlib.contextmanager
    def scope(self, step: str) -> Iterator[SparkEngineContext]:
        """Gives a context with its own names and its own jobs to interrupt."""
        scoped = object.__new__(type(self))
        scoped.__dict__.update(self.__dict__)
        scoped._inherited = {**self._inherited, **self._names}
        scoped._names = {}
        scoped._is_scope = True
        scoped._tag = f"{self._tag}-{next(self._shared.numbers)}"
        self._shared.scopes[scoped._tag] = step
        try:
            # The tag stays on this thread for what a function step does with its frames.
            with scoped._tagged():
                yield scoped
        finally:
            self._shared.scopes.pop(scoped._tag, None)
            scoped.close()

    def interrupt(self) -> None:
        """Cancels the jobs of this context and its open scopes, from any thread; harmless when idle."""
        session = self._shared.session
        if session is None:
            return
        tags = [self._tag] if self._is_scope else [self._tag, *list(self._shared.scopes)]
        for tag in tags:
            cancel_jobs(session, tag)

    def is_frame(self, value: Any) -> bool:
        """Whether `value` is a Spark frame."""
        if not type(value).__module__.startswith("pyspark.sql"):
            return False
        from pyspark.sql import DataFrame

        return isinstance(value, DataFrame)

    def adopt(self, frame: Any) -> DataFrame:
        """Returns any tabular value as a Spark frame, through Arrow."""
        if self.is_frame(frame):
            own: DataFrame = frame
            return own
        if not is_tabular(frame):
            raise TypeError(f"expected a frame, got `{type(frame).__name__}`")
        return self._load(table_of(frame))

    def columns(self, df: Any) -> tuple[ColumnInfo, ...]:
        """Returns the schema in Arrow's type names, Spark's beside them; runs nothing."""
        frame = self.adopt(df)
        return tuple(
            ColumnInfo(field.name, arrow_name(field.dataType), field.dataType.simpleString())
            for field in frame.schema.fields
        )

    def row_count(self, df: Any) -> int | None:
        """Returns the number of rows where it is known without a job, else None."""
        if not self.is_frame(df):
            return int(table_of(df).num_rows)
        look = self._shared.looks.get(df)
        if look is not None and look.num_rows < _LOOK_ROWS:
            return int(look.num_rows)
        return self._shared.counts.get(df)

    def to_arrow(self, df: Any, limit: int | None = None) -> pa.Table:
        """Returns the frame, or its first `limit` rows, as an Arrow table; looks are kept with the frame."""
        if not self.is_frame(df):
            table = table_of(df)
            return table if limit is None else table.slice(0, limit)
        if limit is None:
            with self._tagged():
                table = collect(df)
            self._shared.counts[df] = table.num_rows
            return table
        look = self._shared.looks.get(df)
        if look is None or (look.num_rows < limit and look.num_rows >= _LOOK_ROWS):
            with self._tagged():
                look = take(df, max(limit, _LOOK_ROWS))
            if look.num_rows <= _LOOK_ROWS:
                self._shared.looks[df] = look
        return look.slice(0, limit)

    def profile(self, df: Any, *, full: bool = False) -> Profile | None:
        """Returns the statistics of a frame's columns if `full`, which takes one or two jobs, else None.

        Up to `EXACT_ROWS` rows they are collected and all looked at, above that a sample.
        """
        if not full:
            return None
        from odibi_core.engine.profiling import SAMPLE_ROWS, profile_arrow
        from odibi_core.journal.profile import EXACT_ROWS

        frame = self.adopt(df)
        with self._tagged():
            rows = self.row_count(frame)
            if rows is None:
                rows = self._shared.counts[frame] = int(frame.count())
            if rows <= EXACT_ROWS:
                return profile_arrow(collect(frame), self.columns(frame))
            sampled = collect(frame.sample(SAMPLE_ROWS / rows, seed=rows))
        return profile_arrow(sampled, self.columns(frame), rows=rows, basis="sample")

    def _load(self, table: pa.Table) -> DataFrame:
        if not table.num_columns:
            raise EngineError("a frame without columns cannot be one in Spark")
        frame = self.session.createDataFrame(for_spark(table))
        self._shared.counts[frame] = table.num_rows
        return frame

    def _tagged(self) -> AbstractContextManager[None]:
        """Marks the jobs of this thread as this scope's, for `interrupt`."""
        return tagged(self.session, self._tag, self._shared.scopes.get(self._tag, "odibi"))
