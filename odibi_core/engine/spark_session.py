"""Starting Spark, or connecting to one, and saying clearly why it does not start."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import EngineError
from odibi_core.formats.base import require
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

NEEDED_JAVA = 17
_REMEDY = (
    f"install a Java {NEEDED_JAVA} runtime (`apt install openjdk-17-jre-headless`) "
    'and set JAVA_HOME to it, or give `remote="sc://host"` for a Spark that runs elsewhere'
)
_DEFAULTS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.shuffle.partitions": "8",
}
# The same data must have the same types as on the other engines: times without a zone stay without one.
_SQL_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def start_session(
    spark_config: Mapping[str, Any] | None,
    remote: str | None,
    master: str | None,
    app_name: str,
    warehouse: str,
) -> tuple[SparkSession, bool]:
    """Returns a Spark session and whether it is ours to stop.

    Args:
        spark_config: Spark's own settings by name.
        remote: A Spark Connect address (`sc://host:port`), else Spark runs in this process.
        master: Where a Spark in this process runs its tasks; `local[*]` unless given.
        app_name: What Spark calls the application.
        warehouse: Where a Spark in this process keeps tables, unless its settings say otherwise.

    Raises:
        MissingDependencyError: pyspark is not installed.
        EngineError: Java is missing or too old, or Spark does not start.
    """
    require("pyspark", "spark", "the spark engine")
    if remote is not None:
        require("grpc", "spark", "Spark Connect")
    else:
        _check_java()
    from pyspark.sql import SparkSession

    # Its messages for queries that fail come as the exceptions they are about, and again here.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL + 1)
    settings = {**_DEFAULTS, **_SQL_SETTINGS, **{k: _text(v) for k, v in (spark_config or {}).items()}}
    with warnings.catch_warnings():
        # pandas 3 goes to Spark and back through Arrow here, which does not need what it warns of.
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        if remote is not None:
            return _remote_session(remote, settings), True
        ours = SparkSession.getActiveSession() is None
        builder = SparkSession.builder.appName(app_name)
        if ours:
            builder = builder.master(master or settings.pop("spark.master", "local[*]"))
            settings.setdefault("spark.sql.warehouse.dir", warehouse)
        try:
            session = builder.config(map=settings).getOrCreate()
        except Exception as error:  # pyspark raises anything from RuntimeError to Py4JError
            raise _not_started(error) from error
    for name, value in _SQL_SETTINGS.items():
        session.conf.set(name, str(settings.get(name, value)))
    return session, ours


def _remote_session(remote: str, settings: Mapping[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    try:
        session = SparkSession.builder.remote(remote).create()
        for name, value in settings.items():
            if name.startswith("spark.sql.") and name not in _DEFAULTS:
                session.conf.set(name, value)
    except Exception as error:  # noqa: BLE001  # grpc's and pyspark's own have no common base
        raise EngineError(
            f"Spark at `{one_line(remote.partition(';')[0])}` does not answer: {_first_line(error)}",
            help="check the address, and that a Spark Connect server runs there",
        ) from None  # the address may hold a token, which the cause repeats
    return session


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if home:
        if not any((Path(home) / "bin" / name).is_file() for name in ("java", "java.exe")):
            raise EngineError(f"JAVA_HOME is `{one_line(home)}`, where there is no `bin/java`", help=_REMEDY)
    elif shutil.which("java") is None:
        raise EngineError(
            f"Spark needs Java {NEEDED_JAVA}, and there is no `java` on this machine", help=_REMEDY
        )


def _not_started(error: Exception) -> EngineError:
    version = _java_version()
    if version is not None and version < NEEDED_JAVA:
        return EngineError(f"Spark needs Java {NEEDED_JAVA}, `java` here is version {version}", help=_REMEDY)
    return EngineError(f"Spark does not start: {_first_line(error)}")


def _java_version() -> int | None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        return None
    try:
        told = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=20, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else None


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return one_line(lines[0]) if lines else type(error).__name__


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
