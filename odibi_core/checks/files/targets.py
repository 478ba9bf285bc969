"""Files that store and publish steps write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import file_codes
from odibi_core.checks.columns import unknown_column
from odibi_core.checks.files.looking import is_file
from odibi_core.checks.files.options import named_columns, twice_given, unknown_options
from odibi_core.checks.files.sources import unknown_format, unknown_suffix
from odibi_core.checks.pipeline import place
from odibi_core.checks.places import Obstacle, obstacle
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.diagnostics import Related
from odibi_core.errors import FormatError, MissingDependencyError, OdibiError, StepOptionError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.tools import Tools
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.formats.base import Format

_BESIDES = ("format", "mode")
_NEEDS = {"excel": ("openpyxl", "writing Excel files"), "avro": ("fastavro", "writing Avro files")}
_COLUMNS_OF = frozenset({"csv", "tsv", "excel"})  # writers with an option `columns`
_KERNELS = ("/proc/", "/sys/")  # where the permissions allow it, and the kernel does not
_COMPRESSED = frozenset({"csv", "tsv", "json", "jsonl"})


class FileTarget:
    """The file of one step.

    Attributes:
        looked: The paths that were looked at.

    Args:
        filled: The step.
        schema: The schema of what is written, where it is known.
        local: What the step calls it.
        tools: What may be used.
    """

    def __init__(self, filled: FilledStep, schema: Schema | None, local: str, tools: Tools) -> None:
        self._filled = filled
        self._step = filled.step
        self._schema = schema
        self._local = local
        self._tools = tools
        self.looked: dict[str, None] = {}

    def problems(self) -> Iterator[Diagnostic]:
        """Yields what is wrong, in the order of a run."""
        from odibi_core.engine.spark_files import has_scheme
        from odibi_core.formats.sources import is_url

        value = self._filled.value
        if self._step.engine == "spark" and has_scheme(self._step.value):
            return  # Spark's own affair
        if is_url(self._step.value):
            yield self._at_value(
                file_codes.SUSPICIOUS_TARGET,
                f"`{one_line(self._step.value)}` becomes the name of a local file",
                "a publish step sends to http and https; a store step writes files",
            )  # fmt: skip
            return
        fmt = yield from self._format()
        if fmt is not None:
            yield from self._options(fmt)
        if value is not None:
            yield from self._place(value, fmt)

    def _format(self) -> Generator[Diagnostic, None, Format | None]:
        from odibi_core.formats import find_format, format_names, known_suffixes
        from odibi_core.formats.registry import suffix_of
        from odibi_core.formats.sources import name_of

        step, named = self._step, self._filled.params.get("format")
        value = self._filled.value
        if (named is None and ("format" in self._filled.unknown or value is None)) or value == "":
            return None
        try:
            fmt = find_format(value if value is not None else step.value, named)
        except FormatError as error:
            if named is not None:
                yield unknown_format(step, named, [*format_names(), "xlsx", "ndjson"])
            else:
                suffix = suffix_of(name_of(value or ""))
                yield unknown_suffix(self._filled, suffix, known_suffixes(), error)
            return None
        if named is not None and value is not None:
            suffix = suffix_of(name_of(value))
            if suffix in known_suffixes() and suffix not in fmt.suffixes:
                yield file_codes.SUSPICIOUS_TARGET.found(
                    f"`{one_line(step.value)}` is written as {fmt.name}", step=step.name,
                    field="params.format", span=place(step, "params", "format", start=0),
                    help="let suffix and `format` say the same",
                )  # fmt: skip
        return fmt

    # -- options ----------------------------------------------------------------------------------------

    def _options(self, fmt: Format) -> Iterator[Diagnostic]:
        from odibi_core.formats.base import require

        need = _NEEDS.get(fmt.name)
        if need is not None:
            try:
                require(need[0], fmt.name, need[1])
            except MissingDependencyError as error:
                yield self._at_value(file_codes.MISSING_PACKAGE, error.message, error.help)
        if self._step.params.keys() <= set(_BESIDES):
            return
        from odibi_core.engine.known_options import writer_options

        step, params = self._step, self._filled.params
        known = writer_options(step.engine, fmt)
        yield from unknown_options(step, known, f"the {fmt.name} writer", _BESIDES)
        yield from twice_given(step, {**fmt.spellings, "columns": "columns"})
        if fmt.name in _COMPRESSED and "compression" in params:
            yield from self._compression(params["compression"])
        if isinstance(params.get("encoding"), str):
            yield from self._encoding(params["encoding"])
        if self._schema is not None:
            wrong = list(self._columns(fmt, self._schema))
            yield from wrong
            if not wrong and not self._filled.unknown and all(name in {*known, *_BESIDES} for name in params):
                yield from self._rehearsed(fmt, self._schema)

    def _rehearsed(self, fmt: Format, schema: Schema) -> Iterator[Diagnostic]:
        """Yields the option that the writer refuses, found by writing no rows to memory."""
        from odibi_core.checks.files.rehearsal import refused_option

        own = {name: value for name, value in self._filled.params.items() if name not in _BESIDES}
        found = refused_option(self._step.engine, fmt, schema, own, self._step.value, self._tools.desk)
        if found is not None:
            name, reason = found
            yield codes.INVALID_OPTION.found(
                f"`{name}` does not work here: {self._filled.told(reason)}", step=self._step.name,
                field=f"params.{name}", span=place(self._step, "params", name, start=0),
                help=f"see what the {fmt.name} writer takes",
            )  # fmt: skip

    def _compression(self, value: Any) -> Iterator[Diagnostic]:
        from odibi_core.formats.compression import compression_of

        try:
            compression_of("x", value)
        except StepOptionError as error:
            yield self._bad("compression", error.message, value, ("gzip", "bz2", "xz", "zstd"), error.help)

    def _encoding(self, value: str) -> Iterator[Diagnostic]:
        import codecs

        try:
            codecs.lookup(value)
        except LookupError:
            known = ("utf-8", "utf-16", "latin-1", "cp1252", "ascii")
            yield self._bad("encoding", f"unknown encoding `{one_line(value)}`", value, known, None)

    def _bad(
        self, name: str, message: str, value: Any, known: tuple[str, ...], help: str | None
    ) -> Diagnostic:
        meant, certain = best(value, known) if isinstance(value, str) else (None, False)
        written = self._step.params.get(name) == value
        return codes.INVALID_OPTION.found(
            message, step=self._step.name, field=f"params.{name}",
            span=place(self._step, "params", name, start=0), suggestion=meant,
            help=f"did you mean `{meant}`" if meant else help,
            fix=None if meant is None or not written
            else replacement(self._step.origin, meant, "params", name, safe=certain),
        )  # fmt: skip

    def _columns(self, fmt: Format, schema: Schema) -> Iterator[Diagnostic]:
        wanted = {"partition_by", "partitionBy"} if self._step.engine == "spark" else set()
        if fmt.name in _COLUMNS_OF:
            wanted.add("columns")
        params = {name: value for name, value in self._filled.params.items() if name in wanted}
        for name, path, key, _ in named_columns(params):
            if name not in schema.names:
                yield unknown_column(
                    self._step, name, schema, *path, local=self._local, pipeline=self._tools.pipeline, key=key
                )

    # -- the place --------------------------------------------------------------------------------------

    def _place(self, value: str, fmt: Format | None) -> Iterator[Diagnostic]:
        path = self._filled.path(value)
        makes_directory = self._step.engine == "spark" and (
            "partition_by" in self._step.params
            or "partitionBy" in self._step.params
            or self._step.params.get("single_file") is False
        )
        found, looked = obstacle(path, may_be_directory=makes_directory)
        self.looked |= dict.fromkeys(looked)
        if found is not None:
            yield self._obstacle(found)
            return
        if os.path.realpath(path).startswith(_KERNELS) and not os.path.exists(path):  # noqa: PTH110
            yield self._at_value(
                file_codes.UNWRITABLE_TARGET, f"no file can be made at `{one_line(self._step.value)}`",
                "it is in a directory of the system's kernel: write to another path",
            )  # fmt: skip
            return
        if os.path.exists(path):  # noqa: PTH110 - Path's own raises for a name too long to exist
            mode = self._filled.params.get("mode", "overwrite")
            if mode == "error" and not self._is_removed(value):
                yield file_codes.TARGET_EXISTS.found(
                    f"`{one_line(self._step.value)}` exists, and `mode` is error", step=self._step.name,
                    field="value", span=place(self._step, "value", start=0),
                    help="use mode overwrite or append, another target, or take the old one away",
                )  # fmt: skip
            elif mode == "append" and fmt is not None and is_file(path):
                yield from self._appends(path, fmt)
            elif mode == "overwrite":
                yield from self._overwrites(value)

    def _obstacle(self, found: Obstacle) -> Diagnostic:
        told = self._filled.told(str(found.path))
        messages = {
            "directory": (f"`{one_line(self._step.value)}` is a directory", "name a file in it"),
            "parent": (f"`{told}` is a file, and no directory", "write to another path"),
            "protected": (f"nothing may be written in `{told}`", "its permissions do not allow it"),
            "impossible": (f"`{one_line(self._step.value)}` cannot be a path", "write another"),
        }
        message, help = messages[found.kind]
        return self._at_value(file_codes.UNWRITABLE_TARGET, message, help)

    def _is_removed(self, value: str) -> bool:
        """Whether another step may have done something about what is there."""
        return any(step.type == "function" for step in self._tools.pipeline.steps)

    def _appends(self, path: Path, fmt: Format) -> Iterator[Diagnostic]:
        """Yields a file's columns being others than those that are appended; only csv minds."""
        schema = self._schema
        if schema is None or fmt.name not in ("csv", "tsv") or self._written_before(path):
            return
        params = self._filled.params
        chosen = params.get("columns")
        names = [str(name) for name in chosen] if isinstance(chosen, list) else list(schema.names)
        if params.get("header", True) is not True or params.get("index"):
            return
        header = self._header(path, fmt)
        if header is None or sorted(header) == sorted(names):
            return
        lacking = [name for name in header if name not in names]
        added = [name for name in names if name not in header]
        parts = []
        if added:
            parts.append(f"it has no {', '.join(f'`{one_line(name)}`' for name in added[:5])}")
        if lacking:
            parts.append(f"it also has {', '.join(f'`{one_line(name)}`' for name in lacking[:5])}")
        yield self._at_value(
            file_codes.APPEND_MISMATCH, f"the columns of `{one_line(self._step.value)}` are others",
            "; ".join(parts) or "a name stands twice",
        )  # fmt: skip

    def _header(self, path: Path, fmt: Format) -> list[str] | None:
        from odibi_core.formats.looks import look_at_source

        if not is_file(path) or path.stat().st_size == 0:
            return None
        look = ("sep", "delimiter", "delim", "encoding", "compression")
        options = {k: v for k, v in self._filled.params.items() if k in look}
        try:
            found = look_at_source(str(path), {**options, "format": fmt.name, "nrows": 1}, Path)
        except (OdibiError, OSError, ValueError, TypeError):
            return None
        return None if found is None else [str(name) for name in found.frame.columns]

    def _written_before(self, path: Path) -> bool:
        """Whether another step writes the file, so that what is in it now does not count."""
        world = self._tools.world
        return any(
            world.resolve(written) == path and any(step is not self._step for step in steps)
            for written, steps in self._tools.pipeline.writers.items()
        )

    def _overwrites(self, value: str) -> Iterator[Diagnostic]:
        """Yields the step that reads the file which is written over."""
        target = os.path.normpath(value)
        pipeline = self._tools.pipeline
        for step in pipeline.steps:
            if step.layer != "ingest" or step.type != "config_op" or os.path.normpath(step.value) != target:
                continue
            # A step that reads what was written, after it, is another matter.
            if step.params.get("connection") is None and step.name not in pipeline.graph.descendants(
                self._step.name
            ):
                yield file_codes.OVERWRITES_SOURCE.found(
                    f"`{one_line(self._step.value)}` is what `{step.name}` reads", step=self._step.name,
                    field="value", span=place(self._step, "value", start=0),
                    help="write to another file, or the next run reads what this one wrote",
                    related=(Related("it is read here", step.name, place(step, "value", start=0)),),
                )  # fmt: skip
                return

    def _at_value(self, code: Any, message: str, help: str | None) -> Diagnostic:
        found: Diagnostic = code.found(
            message, step=self._step.name, field="value", span=place(self._step, "value", start=0), help=help
        )
        return found
