"""Why the files of a source cannot be read: which option is to blame, or what is wrong with which file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.codes import file_codes
from odibi_core.checks.columns import unknown_column
from odibi_core.checks.files.looking import is_file
from odibi_core.checks.files.options import REFUSALS, named_columns, refusal_of, said
from odibi_core.checks.pipeline import place
from odibi_core.checks.schemas import of_source
from odibi_core.checks.sql.names import best
from odibi_core.config.origins import replacement
from odibi_core.errors import EngineError, MissingDependencyError, OdibiError, StepOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from odibi_core.checks.step_filling import FilledStep
    from odibi_core.checks.tools import Tools
    from odibi_core.diagnostics import CodeInfo, Diagnostic
    from odibi_core.engine.source_columns import SourceColumn
    from odibi_core.formats.base import Format

    Columns = Callable[[Mapping[str, Any]], list[SourceColumn] | None]

_ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "latin-1",
    "iso-8859-1",
    "iso-8859-15",
    "cp1252",
    "cp437",
    "ascii",
)
_COMPRESSIONS = ("infer", "gzip", "bz2", "xz", "zstd")
_DTYPES = (
    "str", "string", "object", "category", "int", "int8", "int16", "int32", "int64", "Int32", "Int64",
    "uint8", "float", "float32", "float64", "bool", "boolean", "datetime64[ns]",
)  # fmt: skip
_MAGIC = (
    (b"PAR1", "parquet"), (b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "excel"), (b"SQLite format 3\0", "sqlite"),
    (b"Obj\x01", "avro"), (b"BZh", "bz2"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"), (b"%PDF", "PDF"), (b"\x89PNG", "a picture"),
)  # fmt: skip
# Options that say something of the values: where it is this or the separator, it is this.
_CLOSE = frozenset({"dtype", "dtypes", "types", "column_types", "date_format", "converters"})
# Options whose value may be an object that says something else of each column.
_BY_KEY = frozenset(
    {
        "dtype", "dtypes", "types", "column_types", "na_values", "null_values", "nullstr", "parse_dates",
        "date_format", "converters",
    }
)  # fmt: skip
_FORMATS = frozenset({"parquet", "excel", "sqlite", "avro", "json", "jsonl"})
_LONGEST = 300
# What DuckDB says of a value in a csv file, after the line and before what might help.
_CONVERTING = re.compile(
    r"Error when converting column \".*?\"\. C(ould not convert .*? to '[^']+')", re.DOTALL
)


class FileProblem:
    """What stands between a step and its files.

    Args:
        filled: The step.
        tools: What may be used.
        fmt: The format the files should be in.
        paths: The files.
    """

    def __init__(self, filled: FilledStep, tools: Tools, fmt: Format, paths: Sequence[Path]) -> None:
        self._filled = filled
        self._step = filled.step
        self._tools = tools
        self._fmt = fmt
        self._paths = paths

    def unreadable(self) -> Diagnostic | None:
        """Returns the diagnostic of the first file that may not be read."""
        for path in self._paths:
            if is_file(path) and not os.access(path, os.R_OK):
                return self._at_file(
                    file_codes.UNREADABLE_SOURCE,
                    self._filled.told(f"`{path}` may not be read"),
                    "its permissions do not allow it",
                )
        return None

    def why(self, error: Exception, columns: Columns) -> list[Diagnostic]:
        """Returns what is wrong, from what the reader said.

        Args:
            error: What the run's reader raises.
            columns: Reads with other params, to find out which of them is to blame.
        """
        if isinstance(error, MissingDependencyError):
            field = "format" if "format" in self._step.params else None
            return [self._at(file_codes.MISSING_PACKAGE, error.message, error.help, field)]
        blamed = self._blamed(columns)
        if blamed:
            return self._option(blamed, error, columns)
        alone = self._wrong_alone(columns)
        if alone is not None:
            return self._option(*alone, columns)
        if isinstance(error, StepOptionError):
            reason = _reason(self._filled.told(error.message))
            return [
                codes.INVALID_OPTION.found(
                    reason, step=self._step.name, field="params", span=place(self._step, "params"),
                    help=error.help,
                )
            ]  # fmt: skip
        if isinstance(error, EngineError) and len(self._paths) > 1:
            message = _reason(self._filled.told(error.message))
            return [self._at_file(file_codes.FILES_DO_NOT_FIT, message, "give the column one type in all")]
        if isinstance(error, OdibiError):
            return self._file(error)
        return []  # gone meanwhile, or nothing that is certain

    # -- options ----------------------------------------------------------------------------------------

    def _blamed(self, columns: Columns) -> tuple[str | int, ...]:
        """Returns the path in `params` without which the files can be read; nothing where there is none."""
        params = {name: value for name, value in self._filled.params.items() if name != "format"}
        for name in sorted(params, key=lambda name: name not in _CLOSE):
            rest = {other: value for other, value in self._filled.params.items() if other != name}
            if not _works(columns, rest):
                continue
            value = params[name]
            if isinstance(value, dict) and name not in _BY_KEY:
                return (name,)
            if isinstance(value, dict) and len(value) > 1:
                for key in value:
                    part = {other: item for other, item in value.items() if other != key}
                    if _works(columns, {**rest, name: part}):
                        return (name, key)
            elif isinstance(value, dict) and value:
                return (name, next(iter(value)))
            elif name == "parse_dates" and isinstance(value, list):
                for at in range(len(value)):
                    if _works(columns, {**rest, name: [*value[:at], *value[at + 1 :]]}):
                        return (name, at)
            return (name,)
        return ()

    def _wrong_alone(self, columns: Columns) -> tuple[tuple[str], Exception] | None:
        """Returns the option that alone brings an error of its own, where several do, and that error."""
        plain = {name: value for name, value in self._filled.params.items() if name == "format"}
        without = refusal_of(columns, plain)
        for name, value in self._filled.params.items():
            alone = refusal_of(columns, {**plain, name: value})
            if alone is not None and _told(alone) != _told(without):
                return (name,), alone
        return None

    def _option(self, blamed: tuple[str | int, ...], error: Exception, columns: Columns) -> list[Diagnostic]:
        name, value = str(blamed[0]), self._filled.params[str(blamed[0])]
        lacking = self._lacking(name, columns)
        if lacking:
            return lacking
        if name == "sheet_name" and isinstance(value, str):
            return [self._sheet(value)]
        candidates = {"encoding": _ENCODINGS, "compression": _COMPRESSIONS, "dtype": _DTYPES}.get(name, ())
        for part in blamed[1:]:
            value = value[part]
        meant, certain = best(value, candidates) if isinstance(value, str) else (None, False)
        certain = certain and _works(columns, _with(self._filled.params, blamed, meant))
        reason = _reason(self._filled.told(said(error, value)))
        return [
            codes.INVALID_OPTION.found(
                f"`{value if name == 'parse_dates' and len(blamed) > 1 else blamed[-1]}` does not work here: "
                f"{reason}", step=self._step.name,
                field=".".join(map(str, ("params", *blamed))),
                span=place(self._step, "params", *blamed, start=0), suggestion=meant,
                help=f"did you mean `{meant}`" if meant else f"see what the {self._fmt.name} reader takes",
                fix=None if meant is None or self._filled.params[name] != self._step.params.get(name)
                else replacement(self._step.origin, meant, "params", *blamed, safe=certain),
            )
        ]  # fmt: skip

    def _lacking(self, option: str, columns: Columns) -> list[Diagnostic]:
        """Returns the columns that an option names and the files do not have."""
        params = self._filled.params
        named = list(named_columns({option: params[option]}))
        if not named:
            return []
        try:
            there = columns({name: value for name, value in params.items() if name != option})
        except REFUSALS:
            return []
        if there is None:
            return []
        schema = of_source(there)
        return [
            unknown_column(
                self._step,
                name,
                schema,
                *path,
                local=self._step.value,
                pipeline=self._tools.pipeline,
                key=key,
            )
            for name, path, key, _ in named
            if name not in schema.names
        ]

    def _sheet(self, sheet: str) -> Diagnostic:
        from odibi_core.formats.excel import sheet_names

        names = sheet_names(self._paths[0]) if self._paths else []
        meant, certain = best(sheet, names)
        listed = ", ".join(f"`{name}`" for name in names[:8])
        return file_codes.UNKNOWN_SHEET.found(
            f"`{self._step.value}` has no sheet `{sheet}`", step=self._step.name, field="params.sheet_name",
            span=place(self._step, "params", "sheet_name", start=0), suggestion=meant,
            help=f"a sheet `{meant}` exists" if meant else f"it has {listed}",
            fix=None if meant is None
            else replacement(self._step.origin, meant, "params", "sheet_name", safe=certain),
        )  # fmt: skip

    # -- files ------------------------------------------------------------------------------------------

    def _file(self, error: OdibiError) -> list[Diagnostic]:
        for path in self._paths:
            if _size(path) == 0:
                name = self._filled.told(str(path))
                what = f"there is no {self._fmt.name} in it"
                return [self._at_file(file_codes.EMPTY_SOURCE, f"`{name}` is empty", what)]
        message = _reason(self._filled.told(error.message), keep_file=True)
        kinds = {kind for path in self._paths[:100] if (kind := _kind_of(path)) is not None}
        kind = kinds.pop() if len(kinds) == 1 else None
        help = error.help
        is_text = self._fmt.name in ("csv", "tsv", "json", "jsonl")
        if kind == "text" and is_text and not _is_compressed(self._paths):
            kind = None
        if kind is not None and kind != self._fmt.name and not (kind == "json" and self._fmt.name == "jsonl"):
            help = f"it looks like {kind}"
            if kind in _FORMATS:
                help += f': say so with "format": "{kind}"'
        if "extra data" in message and self._fmt.name == "json":
            help = 'an object a line is jsonl: say so with "format": "jsonl"'
        help = help or "it is damaged, or something else"
        return [self._at_file(file_codes.NOT_THE_FORMAT, message, self._filled.told(help))]

    def _at_file(self, code: CodeInfo, message: str, help: str | None) -> Diagnostic:
        return self._at(code, message, help, None)

    def _at(self, code: CodeInfo, message: str, help: str | None, option: str | None) -> Diagnostic:
        field = ("value",) if option is None else ("params", option)
        return code.found(
            message, step=self._step.name, field=".".join(field), span=place(self._step, *field, start=0),
            help=help,
        )  # fmt: skip


def _with(params: Mapping[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Returns params with another value at a path."""
    first, *rest = path
    whole = dict(params)
    whole[str(first)] = {**whole[str(first)], rest[0]: value} if rest else value
    return whole


def _works(columns: Columns, params: Mapping[str, Any]) -> bool:
    return refusal_of(columns, params) is None


def _told(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"


def _reason(message: str, *, keep_file: bool = False) -> str:
    """Returns the gist of a reader's message: its first sentence, without the file's name."""
    converting = None if keep_file else _CONVERTING.search(message)
    if converting is not None:
        return f"c{converting[1]}"
    text = message.partition("\n")[0]
    if not keep_file:
        text = re.sub(r"^`[^`]*` (?:cannot be read[^:]*|[^:`]*): ", "", text)
    text = re.split(r"(?<=[a-z0-9\"'`)])\. (?=[A-Z])", text)[0].strip().rstrip(".")
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _is_compressed(paths: Sequence[Path]) -> bool:
    from odibi_core.formats.compression import compression_of

    return any(compression_of(path) is not None for path in paths)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _kind_of(path: Path) -> str | None:
    """Returns what a file looks like by its first bytes."""
    if not is_file(path):
        return None
    try:
        with path.open("rb") as handle:
            start = handle.read(64)
    except OSError:
        return None
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if start[8:12] == b"DUCK":
        return "duckdb"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:2] in (b"[{", b'{"') or (text[:1] == b"[" and text[1:].lstrip()[:1] == b"{"):
        return "json"
    return "text" if text and all(byte >= 32 or byte in b"\t\r\n" for byte in text) else None
