"""Files that ingest steps read: they are there, can be read, and have these columns."""

from __future__ import annotations

import fnmatch
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.checks.codes import file_codes
from odibi_core.checks.files.looking import is_directory
from odibi_core.checks.files.options import (
    REFUSALS,
    bad_value,
    named_columns,
    twice_given,
    unknown_options,
)
from odibi_core.checks.files.presence import missing_source, reads_file
from odibi_core.checks.files.problems import FileProblem
from odibi_core.checks.files.round_trips import schema_of_written
from odibi_core.checks.files.separators import other_separator
from odibi_core.checks.outcome import Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.schemas import of_source
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.errors import FormatError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.engine.source_columns import Columns
    from odibi_core.formats.base import Format

_GLOB = frozenset("*?[")
_LOOKED = 100  # of more files the directories tell


class FileSource:
    """The source of one step.

    Args:
        filled: The step.
        inputs: The schemas of its inputs, by which it may wait for the step that writes its source.
        tools: What may be used.
    """

    def __init__(self, filled: FilledStep, inputs: Mapping[str, Schema | None], tools: Tools) -> None:
        self._filled = filled
        self._step = filled.step
        self._inputs = inputs
        self._tools = tools
        self._found: list[Diagnostic] = []
        self._looked: dict[str, None] = {}

    def outcome(self) -> Outcome:
        """Returns the schema, and what is wrong."""
        schema = self._schema() if self._step.value.strip() else None
        outputs = dict.fromkeys(self._step.outputs, schema)
        return Outcome(outputs, tuple(self._found), tuple(self._looked))

    def _schema(self) -> Schema | None:
        from odibi_core.formats.sources import is_url

        value = self._filled.value
        writers = [] if value is None else self._writers(value)
        here = value is not None and not is_url(value) and not writers
        if here and reads_file(self._step) and not self._exists(value or ""):
            return None  # told already, with the structure
        fmt = self._format()
        if fmt is None:
            return None
        self._check_options(fmt)
        files = self._files(fmt) if here else []
        if self._found or files is None or not self._filled.is_known:
            return None
        if writers:
            return schema_of_written(self._step, fmt, writers, self._inputs, self._tools.pipeline)
        return self._read(fmt, files) if here else None

    def _format(self) -> Format | None:
        from odibi_core.formats import find_format, format_names, known_suffixes
        from odibi_core.formats.registry import suffix_of
        from odibi_core.formats.sources import name_of

        step, named = self._step, self._filled.params.get("format")
        if named is None and "format" in self._filled.unknown:
            return None
        value = self._filled.value if self._filled.value is not None else step.value
        try:
            return find_format(value, named)
        except FormatError as error:
            if named is not None:
                self._found.append(unknown_format(step, named, [*format_names(), "xlsx", "ndjson"]))
            elif self._filled.value is not None and not self._is_directory(value):
                suffix = suffix_of(name_of(value))
                self._found.append(unknown_suffix(self._filled, suffix, known_suffixes(), error))
            elif self._filled.value is not None:
                self._found.append(
                    file_codes.UNKNOWN_FORMAT.found(
                        f"`{one_line(step.value)}` is a directory, and does not say what is in it",
                        step=step.name, field="value", span=place(step, "value", start=0),
                        help='say it with `format`: "params": {"format": "parquet"}',
                    )
                )  # fmt: skip
            return None

    def _check_options(self, fmt: Format) -> None:
        from odibi_core.engine.known_options import reader_options

        if not self._step.params.keys() - {"format"}:
            return
        known = reader_options(self._step.engine, fmt)
        self._found.extend(unknown_options(self._step, known, f"the {fmt.name} reader", ("format",)))
        self._found.extend(twice_given(self._step, fmt.spellings))
        for name in ("usecols", "columns"):
            if self._filled.params.get(name) == [] and self._step.engine != "pandas":
                self._found.append(
                    bad_value(
                        self._step, "params", name, message=f"`{name}` names no column",
                        help="name the columns to read, or leave it out",
                    )
                )  # fmt: skip

    # -- what is there ----------------------------------------------------------------------------------

    def _writers(self, value: str) -> list[Step]:
        """Returns the steps that write the source before it is read, or whenever that is not said."""
        pipeline = self._tools.pipeline
        if not pipeline.writers:
            return []
        path = os.path.normpath(value)
        found = [
            step
            for known, steps in pipeline.writers.items()
            if known == path or self._is_part(known, path)
            for step in steps
        ]
        if not found:
            return []
        after = pipeline.graph.descendants(self._step.name)
        return [step for step in found if step.name not in after]

    def _is_part(self, written: str, path: str) -> bool:
        """Whether a written file is the source by another name, or one of the files it stands for."""
        if not _GLOB.isdisjoint(path):
            is_as_deep = "**" in path or written.count(os.sep) == path.count(os.sep)
            return is_as_deep and fnmatch.fnmatch(written, path)
        if written.startswith(f"{path}{os.sep}"):
            return True
        if os.path.isabs(written) == os.path.isabs(path):  # noqa: PTH117 - texts
            return False
        base = str(self._tools.world.base_dir.absolute())
        return os.path.normpath(f"{base}/{written}") == path or os.path.normpath(f"{base}/{path}") == written

    def _exists(self, value: str) -> bool:
        path = self._filled.path(value)
        self._look(path)
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            self._look_into(path.parent)
            return False
        except OSError:
            return True
        return True

    def _is_directory(self, value: str) -> bool:
        return is_directory(self._filled.path(value))

    def _look(self, path: Path) -> None:
        """Remembers a path that counts."""
        self._looked[str(path)] = None

    def _look_into(self, directory: Path) -> None:
        """Remembers a directory of which the names in it count."""
        self._looked[f"{directory}{os.sep}"] = None

    def _files(self, fmt: Format) -> list[Path] | None:
        """Returns the files that the source stands for; None where it stands for none."""
        from odibi_core.formats import find_files

        value = self._filled.value or ""
        named = self._filled.path(value)
        self._look(named)
        try:
            files = find_files(value, fmt, self._filled.world.resolve)
        except FileNotFoundError:
            self._look_into(_settled(named))
            self._found.append(self._nothing_there(value))
            return None
        except FormatError as error:
            self._look_into(named)
            self._found.append(self._no_files(error))
            return None
        except OSError:
            return None
        paths = [Path(file.path) for file in files]
        for path in paths[:_LOOKED]:
            self._look(path)
        if paths != [named]:  # a pattern or a directory: another file may come
            self._look_into(_settled(named))
            for directory in {path.parent for path in paths[:_LOOKED]}:
                self._look_into(directory)
        return paths

    def _read(self, fmt: Format, paths: list[Path]) -> Schema | None:
        problem = FileProblem(self._filled, self._tools, fmt, paths)
        unreadable = problem.unreadable()
        if unreadable is not None:
            self._found.append(unreadable)
            return None
        try:
            columns = self._columns(self._filled.params)
        except REFUSALS as error:
            self._found.extend(problem.why(error, self._columns))
            return None
        if columns is None:
            return None
        schema = of_source(columns)
        self._found.extend(self._ignored_columns(schema))
        separator = other_separator(self._step, fmt, schema)
        if separator is not None:
            self._found.append(separator)
        return schema

    def _columns(self, params: Mapping[str, Any]) -> Columns | None:
        from odibi_core.engine.source_columns import source_columns

        value = self._filled.value or ""
        resolve, desk, engine = self._filled.world.resolve, self._tools.desk, self._step.engine
        return desk.remembered(
            (engine, str(self._filled.path(value)), repr(params)), [*self._looked],
            lambda: source_columns(engine, value, params, resolve, desk),
        )  # fmt: skip

    def _ignored_columns(self, schema: Schema) -> list[Diagnostic]:
        """Returns the columns in options that pandas reads past where they are not there."""
        params = self._filled.params
        odd = [
            (name, path)
            for name, path, _, is_error in named_columns(params)
            if not is_error and name not in schema.names
        ]
        if not odd:
            return []
        chosen = {"usecols", "columns", "nrows"}
        try:
            columns = self._columns({name: v for name, v in params.items() if name not in chosen})
        except REFUSALS:
            return []
        names = [column.name for column in columns or ()]
        found = []
        for name, path in odd:
            if columns is None or name in names:
                continue
            meant, _ = best(name, names)
            found.append(
                file_codes.IGNORED_COLUMN.found(
                    f"`{one_line(self._step.value)}` has no `{one_line(name)}`, which `{path[1]}` names",
                    step=self._step.name, field=".".join(map(str, path)),
                    span=place(self._step, *path, key=True), suggestion=meant,
                    help=f"a column `{one_line(meant)}` exists" if meant else "it is read past",
                    fix=None if meant is None
                    else replacement(self._step.origin, meant, *path, key=True, safe=False),
                )
            )  # fmt: skip
        return found

    def _nothing_there(self, value: str) -> Diagnostic:
        if not _GLOB.isdisjoint(value):
            step = self._step
            return file_codes.NO_FILES.found(
                f"no file matches `{one_line(step.value)}`", step=step.name, field="value",
                span=place(step, "value", start=0),
                help="it was looked for below the base directory; --base-dir says another",
            )  # fmt: skip
        world = self._tools.world
        found = missing_source(self._step, self._filled.path(value), world.base_dir, world.cwd)
        if "${" in value and "$${" not in self._step.value:
            from odibi_core.checks.placeholders import as_meant

            return as_meant(self._step, found)
        return replace(found, help=None if found.help is None else self._filled.told(found.help))

    def _no_files(self, error: FormatError) -> Diagnostic:
        step, path = self._step, self._filled.path()
        try:
            is_directory = stat.S_ISDIR(path.stat().st_mode)
        except (OSError, ValueError):
            is_directory = False
        code = file_codes.NO_FILES if is_directory else file_codes.UNREADABLE_SOURCE
        return code.found(
            self._filled.told(error.message), step=step.name, field="value",
            span=place(step, "value", start=0), help=self._filled.told(error.help) if error.help else None,
        )  # fmt: skip


def _settled(path: Path) -> Path:
    """Returns the part of a path that is before its wildcards, or what is above a missing one."""
    for parent in (path, *path.parents):
        if _GLOB.isdisjoint(str(parent)) and is_directory(parent):
            return parent
    return path.parent


def unknown_format(step: Step, named: Any, names: list[str]) -> Diagnostic:
    """Returns the diagnostic of a format that `params.format` names and that is none."""
    meant, certain = best(str(named), names)
    return file_codes.UNKNOWN_FORMAT.found(
        f"there is no format `{one_line(str(named))}`", step=step.name, field="params.format",
        span=place(step, "params", "format", start=0), suggestion=meant,
        help=f"did you mean `{meant}`" if meant else f"known are {', '.join(f'`{n}`' for n in names)}",
        fix=None if meant is None or not isinstance(named, str)
        else replacement(step.origin, meant, "params", "format", safe=certain),
    )  # fmt: skip


def unknown_suffix(filled: FilledStep, suffix: str, suffixes: list[str], error: FormatError) -> Diagnostic:
    """Returns the diagnostic of a file whose suffix tells no format."""
    step = filled.step
    span, close, fix = place(step, "value", start=0), None, None
    if suffix and suffix in suffixes:
        message, help = filled.told(error.message), error.help
    elif suffix:
        message = f"no format has the suffix `{one_line(suffix)}`"
        close, _ = best(suffix, suffixes)
        help = f"did you mean `{close}`" if close else "say the format with `format`"
        if step.value.lower().endswith(suffix):
            start = len(step.value) - len(suffix)
            span = place(step, "value", start=start, end=len(step.value))
            if close is not None:
                fix = replacement(step.origin, close, "value", start=start, end=len(step.value), safe=False)
    else:
        message, help = (
            f"`{one_line(step.value)}` has no suffix to know its format by",
            "say it with `format`",
        )
    return file_codes.UNKNOWN_FORMAT.found(
        message, step=step.name, field="value", span=span, suggestion=close, help=help, fix=fix
    )
