"""What steps on Spark need of the machine: the package, and Java. Nothing is started to find out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.checks.codes import file_codes
from odibi_core.checks.pipeline import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic


def check_spark(step: Step, tools: Tools) -> Iterator[Diagnostic]:
    """Yields what is missing for Spark, at the first step that runs on it."""
    if step.engine != "spark" or step.layer == "connect":
        return
    first = next(s for s in tools.pipeline.steps if s.engine == "spark" and s.layer != "connect")
    if first is not step:
        return
    import importlib.util

    if importlib.util.find_spec("pyspark") is None:
        yield file_codes.MISSING_PACKAGE.found(
            "the spark engine needs `pyspark`, which is not installed", step=step.name, field="engine",
            span=place(step, "engine", start=0), help='install it with `pip install "odibi-tui[spark]"`',
        )  # fmt: skip
    elif not _has_java(tools.world.environ):
        yield file_codes.NO_JAVA.found(
            "Spark needs Java 17, and there is none here", step=step.name, field="engine",
            span=place(step, "engine", start=0),
            help="install a Java 17 runtime and set JAVA_HOME to it; a Spark elsewhere needs none",
        )  # fmt: skip


def _has_java(environ: Mapping[str, str]) -> bool:
    """Whether there is Java to start; also where the environment does not say where programs are."""
    home = environ.get("JAVA_HOME")
    if home:
        return any((Path(home) / "bin" / name).is_file() for name in ("java", "java.exe"))
    path = environ.get("PATH")
    return path is None or shutil.which("java", path=path) is not None
