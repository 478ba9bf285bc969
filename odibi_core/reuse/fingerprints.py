"""Fingerprints of steps: what decides a result, as digests, before and after the step runs."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.config.placeholders import Values, fill_params, find_placeholders
from odibi_core.core.options import in_params
from odibi_core.errors import OdibiError
from odibi_core.journal.events import FileStamp, Fingerprint
from odibi_core.plan.expectations import read_expectations
from odibi_core.reuse.code import CodeReader
from odibi_core.reuse.digests import digest, private_key
from odibi_core.reuse.stamps import Stamper, identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from odibi_core.core.node import Step
    from odibi_core.plan.graph import Graph

_VERSION = 1  # of what goes into a fingerprint
_PATH_LENGTH = 1_000  # longer texts among params are no paths
_PACKAGES = {
    "pandas": ("pandas", "pyarrow", "duckdb"),
    "duckdb": ("duckdb", "pyarrow"),
    "spark": ("pyspark", "pyarrow"),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run's steps find around them.

    Attributes:
        base_dir: What relative paths are relative to.
        values: What placeholders stand for; a copy of its own, which hands no secret out.
        settings: Engine -> the settings it was made with.
    """

    base_dir: Path
    values: Values
    settings: Mapping[str, Mapping[str, Any]]


class Fingerprinter:
    """Makes fingerprints of the steps of one pipeline.

    Args:
        steps: The steps.
        graph: Their graph.
        surroundings: What they find around them.
        stamper: Knows digests of files from earlier runs.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        graph: Graph,
        surroundings: Surroundings,
        stamper: Stamper | None = None,
    ) -> None:
        self.stamper = stamper if stamper is not None else Stamper()
        self._steps = {step.name: step for step in steps}
        self._graph = graph
        self._around = surroundings
        self._code = CodeReader(surroundings.base_dir)
        self._own: dict[str, tuple[dict[str, str], str | None]] = {}
        self._key: bytes | None = None
        self._outputs = {key: (step.name, local) for step in steps for local, key in step.outputs.items()}

    @property
    def values(self) -> Values:
        """What placeholders stand for."""
        return self._around.values

    def of(self, step: Step, made: Mapping[str, Fingerprint | None]) -> Fingerprint | None:
        """Returns a step's fingerprint as things are now, None where something in it cannot be known.

        Args:
            step: The step.
            made: Fingerprints of the steps it needs.
        """
        inputs = []
        for local, key in step.inputs.items():
            producer, output = self._outputs.get(key, (None, ""))
            found = made.get(producer) if producer is not None else None
            if found is None:
                return None
            inputs.append([local, found.value, output])
        try:
            parts, never = self._own_parts(step)
            # What has to be dead at its timeout must not hang here, on a file system that is gone.
            timed = step.metadata.get("timeout") is not None or step.params.get("timeout") is not None
            files = self.stamper.stamps(self.sources_of(step), read=not timed)
        except (OSError, OdibiError):
            return None  # the step will say what is wrong with it
        if parts.get("code") == "":
            return None
        parts = parts | {"inputs": digest(inputs)}
        if files:
            parts["files"] = digest([identity(stamp) for stamp in files])
        value = digest(sorted(parts.items()))
        # Not part of it: other names of the same data make no other result.
        parts["wiring"] = digest(list(step.inputs.items()))
        return Fingerprint(value, parts, files, never=never)

    def mark_imported(self) -> None:
        """Notes that the modules of functions that have run were as they were read."""
        self._code.mark_imported()

    def predict(self) -> dict[str, Fingerprint | None]:
        """Returns the fingerprints that all steps would have if they ran now."""
        found: dict[str, Fingerprint | None] = dict.fromkeys(self._steps)
        for name in self._graph.order():
            found[name] = self.of(self._steps[name], found)
        return found

    def sources_of(self, step: Step) -> list[Path]:
        """Returns the files a step reads: its source's, and those that the params of a function name.

        Raises:
            OSError, OdibiError: They cannot be found.
        """
        if step.type == "function":
            return self._named_files(step)
        place = self._file_source(step)
        if place is None:
            return []
        from odibi_core.formats import find_files, find_format

        source, params = place
        fmt = find_format(source, params.get("format"))
        return [Path(file.path) for file in find_files(source, fmt, self.resolve)]

    def target_of(self, step: Step) -> Path | None:
        """Returns the file a store or publish step writes, None where it writes something else."""
        from odibi_core.engine.io import is_database
        from odibi_core.formats.sources import is_url

        if step.layer not in ("store", "publish") or step.type in ("function", "api"):
            return None
        try:
            params, target = self._filled(step)
        except OdibiError:
            return None
        if not target.strip() or is_url(target) or is_database(target, params):
            return None
        return self.resolve(target)

    def resolve(self, path: str | Path) -> Path:
        """Returns `path` below the base directory where it is relative."""
        return self._around.base_dir / path

    # -- parts ----------------------------------------------------------------------------------------

    def _own_parts(self, step: Step) -> tuple[dict[str, str], str | None]:
        """Returns the digests of what a step itself says, and why its result is never reused."""
        known = self._own.get(step.name)
        if known is None:
            known = self._own[step.name] = self._make_own(step)
        return known

    def _make_own(self, step: Step) -> tuple[dict[str, str], str | None]:
        called = step.type == "function"
        left_out = in_params(step)
        params = {name: value for name, value in step.params.items() if name not in left_out}
        shape: dict[str, Any] = {
            "version": _VERSION,
            "layer": step.layer,
            "type": step.type,
            "engine": step.engine,
            "outputs": list(step.outputs),
            "expect": step.metadata.get("expect"),
        }
        if called:  # a function may ask for its step
            shape |= {"name": step.name, "metadata": step.metadata, "keys": [step.inputs, step.outputs]}
        parts = {
            "value": digest(step.value),
            "params": digest(params),
            "shape": digest(shape),
            "versions": digest(self._versions(step)),
        }
        never = self._never(step)
        placeholders = self._placeholders(step)
        if placeholders:
            key = self._secret_key()
            if key is None:
                never = never or "its placeholders' values can be neither written down nor compared"
            else:
                parts["values"] = digest(placeholders, key=key)
        if called:
            code = self._code.of(step.value)
            parts["code"] = code.digest
            never = never or code.never
        return parts, never

    def _placeholders(self, step: Step) -> list[tuple[str, str, Any]]:
        values = self._around.values
        found = []
        for text in [step.value, *_texts(step.params), *_texts(step.metadata.get("expect"))]:
            for placeholder in find_placeholders(text):
                given = values.environ if placeholder.kind == "env" else values.variables
                found.append((placeholder.kind, placeholder.name, given.get(placeholder.name)))
        return sorted(found, key=lambda item: item[:2])

    def _secret_key(self) -> bytes | None:
        if self._key is None:
            self._key = private_key()
        return self._key

    def _versions(self, step: Step) -> dict[str, Any]:
        from odibi_core.core.recorder import versions

        installed = versions()
        found: dict[str, Any] = {
            name: installed.get(name) for name in ("odibi-tui", *_PACKAGES.get(step.engine, ()))
        }
        if step.type == "function":
            found["python"] = platform.python_version_tuple()[:2]
        settings = self._around.settings.get(step.engine)
        if settings:
            key = self._secret_key()
            found["settings"] = None if key is None else digest(sorted(map(str, settings.items())), key=key)
        return found

    # -- what is never reused -------------------------------------------------------------------------

    def _never(self, step: Step) -> str | None:
        """Returns why a step's result is never reused, as far as its kind tells."""
        from odibi_core.engine.io import is_database
        from odibi_core.formats.sources import is_url

        if step.layer == "connect":
            return "it opens a connection"
        if step.type == "api":
            return "it asks a service"
        if any(key not in self._outputs for key in step.inputs.values()):
            return "it reads what no step outputs"
        if step.type == "function" and "${" in step.value:
            return "its function's name is a placeholder"
        if any(expected.kind == "freshness" for expected in read_expectations(step.metadata)[0]):
            return "the age of its data is looked at"
        if step.layer in ("store", "publish"):
            return None if self.target_of(step) is not None else "what it wrote cannot be looked at again"
        if step.params.get("connection") is not None or step.params.get("connection_string") is not None:
            return "it reads a database"
        if step.layer == "ingest" and step.type == "config_op":
            try:
                params, source = self._filled(step)
            except OdibiError:
                return "its placeholders cannot be filled"
            if is_url(source):
                return "it reads from the network"
            if is_database(source, params):
                return "it reads a database"
        return None

    def _named_files(self, step: Step) -> list[Path]:
        found: dict[Path, None] = {}
        for text in _texts(self._filled(step)[0]):
            path = (
                self.resolve(text) if text.strip() and "\0" not in text and len(text) < _PATH_LENGTH else None
            )
            try:
                if path is not None and path.is_file():
                    found[path] = None
            except OSError:  # no path, only a text
                continue
        return list(found)

    def _file_source(self, step: Step) -> tuple[str, dict[str, Any]] | None:
        if step.layer != "ingest" or step.type != "config_op" or self._own_parts(step)[1] is not None:
            return None
        params, source = self._filled(step)
        return source, params

    def _filled(self, step: Step) -> tuple[dict[str, Any], str]:
        values = Values(self._around.values.variables, self._around.values.environ)
        options = in_params(step)
        own = {name: value for name, value in step.params.items() if name not in options}
        return fill_params(own, values, sql_keys=()), str(fill_params(step.value, values, sql_keys=()))


def volatile_sql(step: Step, values: Values) -> str | None:
    """Returns why a step's SQL may give another result for the same inputs, None where it can not.

    Looks into the text, which takes some milliseconds: asked only where a result may be reused.
    """
    from odibi_core.config.placeholders import fill_sql
    from odibi_core.reuse.volatile import volatile_duckdb, volatile_expressions, volatile_spark

    own = Values(values.variables, values.environ)
    spark = step.engine == "spark"
    try:
        for expected in read_expectations(step.metadata)[0]:
            asked = {"filter": fill_sql(expected.sql, own)} if expected.kind == "sql" else {}
            found = volatile_expressions(asked, spark=spark)
            if found is not None:
                return found
        if step.layer not in ("ingest", "transform"):
            return None
        if step.type == "sql":
            query = fill_sql(step.value, own)
            look = volatile_spark if spark else volatile_duckdb
            return look(query, list(step.inputs))
        if step.type == "config_op" and step.layer == "transform":
            return volatile_expressions(_sql_filled(step.params, own), spark=spark)
    except OdibiError:
        return "its placeholders cannot be filled"
    return None


def _sql_filled(value: Any, values: Values) -> Any:
    from odibi_core.config.placeholders import fill_sql

    if isinstance(value, dict):
        return {key: _sql_filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_sql_filled(item, values) for item in value]
    return fill_sql(value, values) if isinstance(value, str) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def same_files(stamps: Sequence[FileStamp], now: Sequence[FileStamp]) -> bool:
    """Whether the files a step was to read are those it has read."""
    return [identity(stamp) for stamp in stamps] == [identity(stamp) for stamp in now]
