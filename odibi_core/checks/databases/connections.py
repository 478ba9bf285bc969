"""What connect steps open: the description is whole, and the database file is there and is one."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import file_codes
from odibi_core.checks.databases.urls import refused_url
from odibi_core.checks.files.looking import is_directory, is_file, may_exist
from odibi_core.checks.files.options import unknown_options
from odibi_core.checks.files.presence import missing_source
from odibi_core.checks.outcome import Outcome
from odibi_core.checks.pipeline import place
from odibi_core.checks.sql.names import best
from odibi_core.checks.step_filling import FilledStep, fill_step
from odibi_core.errors import FormatError, MissingDependencyError, StepOptionError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from odibi_core.checks.schemas import Schema
    from odibi_core.checks.tools import Tools
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_PLACES = ("url", "connection_string", "database", "path", "file")


def infer_connection(step: Step, inputs: Mapping[str, Schema | None], tools: Tools) -> Outcome:
    """Returns what is wrong with a connection. Only files are looked at; nothing is connected to."""
    filled = fill_step(step, tools.world)
    connection = _Connection(filled, tools)
    found = tuple(connection.problems())
    return Outcome({}, found, tuple(connection.looked))


class _Connection:
    def __init__(self, filled: FilledStep, tools: Tools) -> None:
        self.filled = filled
        self.step = filled.step
        self.tools = tools
        self.looked: dict[str, None] = {}

    def problems(self) -> Iterator[Diagnostic]:
        from odibi_core.engine.connections import SPELLINGS, described
        from odibi_core.formats.databases import which_database

        step, filled = self.step, self.filled
        if not step.value.strip() and not step.params:
            return  # told with what steps need
        twice = list(self._twice(SPELLINGS))
        yield from twice
        if twice or not filled.is_known:
            return
        try:
            kind, text, create, settings = described(filled.value or "", filled.params)
        except MissingDependencyError as error:
            yield self._at(file_codes.MISSING_PACKAGE, error.message, error.help, *self._field())
            return
        except StepOptionError as error:
            yield self._description(error)
            return
        try:
            found, file = which_database(text, kind)
        except FormatError as error:
            yield self._unknown_kind(error)
            return
        if found == "sql":
            yield from self._by_url(file, settings)
            return
        yield from self._settings(found, SPELLINGS)
        yield from self._file(found, create=create)

    def _twice(self, spellings: Mapping[str, str]) -> Iterator[Diagnostic]:
        first: dict[str, str] = {}
        for name in self.filled.params:
            before = first.setdefault(spellings.get(name, name), name)
            if before != name:
                yield file_codes.CONFLICTING_OPTIONS.found(
                    f"`{name}` says again what `{before}` says", step=self.step.name, field=f"params.{name}",
                    span=place(self.step, "params", name, key=True), help="leave one of them out",
                )  # fmt: skip

    def _description(self, error: StepOptionError) -> Diagnostic:
        if "named twice" in error.message:
            named = next(name for name in _PLACES if name in self.step.params)
            return self._at(
                file_codes.CONFLICTING_OPTIONS, error.message, "leave one of them out", "params", named
            )
        if "no database is named" in error.message:
            return codes.MISSING_VALUE.found(
                error.message, step=self.step.name, field="value", span=place(self.step, "name", start=0),
                help="write a database file or URL in `value`",
            )  # fmt: skip
        return self._at(file_codes.INVALID_URL, self.filled.told(error.message), error.help, "params")

    def _unknown_kind(self, error: FormatError) -> Diagnostic:
        from odibi_core.formats.registry import DATABASE_SUFFIXES, suffix_of

        suffix = suffix_of(self.filled.value or "")
        close, _ = best(suffix, DATABASE_SUFFIXES) if suffix else (None, False)
        help = f"did you mean `{close}`" if close else error.help
        return file_codes.UNKNOWN_FORMAT.found(
            self.filled.told(error.message), step=self.step.name, field=".".join(self._field()),
            span=place(self.step, *self._field(), start=0), suggestion=close, help=help,
        )  # fmt: skip

    def _settings(self, kind: str, spellings: Mapping[str, str]) -> Iterator[Diagnostic]:
        from odibi_core.formats.database_duckdb import SETTINGS as OF_DUCKDB
        from odibi_core.formats.database_sqlite import SETTINGS as OF_SQLITE

        of_kind = OF_SQLITE if kind == "sqlite" else OF_DUCKDB
        describing = {"driver", "database", "url", "create"}
        describing |= {name for name, plain in spellings.items() if plain in describing}
        yield from unknown_options(self.step, of_kind | describing, f"a {kind} connection")

    def _by_url(self, url: str, settings: Mapping[str, Any]) -> Iterator[Diagnostic]:
        refused = refused_url(url, settings, self.tools.world)
        if refused is not None:
            code, error = refused
            field = ("params",) if code is file_codes.UNKNOWN_OPTION else self._field()
            yield self._at(code, self.filled.told(error.message), error.help, *field)

    def _file(self, kind: str, *, create: bool) -> Iterator[Diagnostic]:
        from odibi_core.checks.databases.files import opened_by

        database = opened_by(self.step, self.tools)
        if database is None:
            return
        path, field = database.path, self._field()
        self.looked[str(path)] = None
        if not may_exist(path):
            self.looked[f"{path.parent}{os.sep}"] = None
            if not create and not self._is_made(database.path):
                world, text = self.tools.world, self._text(field)
                found = missing_source(self.step, path, world.base_dir, world.cwd, *field, text=text)
                yield replace(found, help=None if found.help is None else self.filled.told(found.help))
            return
        if is_directory(path):
            yield self._at(
                file_codes.UNREADABLE_SOURCE,
                f"`{one_line(self._text(field))}` is a directory, and no database", "name a file", *field,
            )  # fmt: skip
            return
        if is_file(path) and not os.access(path, os.R_OK):
            yield self._at(
                file_codes.UNREADABLE_SOURCE, f"`{one_line(self._text(field))}` may not be read",
                "its permissions do not allow it", *field,
            )  # fmt: skip
            return
        try:
            database.catalogue(self.tools.desk)
        except FormatError as error:
            name = "SQLite" if kind == "sqlite" else "DuckDB"
            said = error.message.partition(": ")[2].partition("\n")[0]
            yield self._at(
                file_codes.NOT_THE_FORMAT, f"`{one_line(self._text(field))}` is no {name} database",
                self.filled.told(said) or None, *field,
            )  # fmt: skip
        except OSError:
            return

    def _is_made(self, path: object) -> bool:
        """Whether a step may make the file before it is opened; which comes first is not said."""
        writers = self.tools.pipeline.writers
        return any(self.tools.world.resolve(written) == path for written in writers)

    def _field(self) -> tuple[str, ...]:
        if self.step.value.strip():
            return ("value",)
        return next((("params", name) for name in _PLACES if name in self.step.params), ("params",))

    def _text(self, field: tuple[str, ...]) -> str:
        return self.step.value if field == ("value",) else str(self.step.params.get(field[-1], ""))

    def _at(self, code: Any, message: str, help: str | None, *field: str) -> Diagnostic:
        found: Diagnostic = code.found(
            message, step=self.step.name, field=".".join(field), span=place(self.step, *field, start=0),
            help=help,
        )  # fmt: skip
        return found
