"""Placeholders in values and params: `${env:NAME}`, `${var:NAME}`, in SQL also `${ident:NAME}`.

They are kept as written in steps and filled in when a step runs. Nothing else that starts with `$` is
special; `$${` stands for `${`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from odibi_core.config.sql_text import DIALECTS, DUCKDB, Dialect, Region, regions
from odibi_core.errors import SecretError, StepOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

PlaceholderKind = Literal["env", "var", "ident"]

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_PLACEHOLDER = re.compile(rf"\$\$\{{|\$\{{(env|var|ident):({_NAME})\}}")
_SECRET_NAME = re.compile(r"password|passwd|secret|token|key|credential", re.IGNORECASE)
# An empty list in `x IN ${var:ids}` must match nothing, and in `NOT IN` everything; `()` does not parse and
# `(NULL)` makes NOT IN unknown.
_EMPTY_LIST = "(SELECT NULL WHERE 1 = 0)"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder in a text.

    Attributes:
        kind: env, var or ident.
        name: Name of the variable.
        start: Offset of its `$`.
        end: Offset after its `}`.
    """

    kind: PlaceholderKind
    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Values:
    """What placeholders are filled with; remembers what has to be kept out of logs.

    Attributes:
        variables: Values of `var` and `ident` placeholders.
        environ: Values of `env` placeholders.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    _handed_out: dict[str, None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def secrets(self) -> frozenset[str]:
        """The values handed out that must be redacted, in every form they were written in.

        These are the environment's values, and variables whose name says password, secret, token, key or
        credential.
        """
        return frozenset(list(self._handed_out))

    def get(self, kind: PlaceholderKind, name: str) -> Any:
        """Returns the value of a placeholder.

        Raises:
            SecretError: Nothing of that name is set.
        """
        if kind == "env":
            if name not in self.environ:
                raise SecretError(
                    f"the environment variable `{name}` is not set", help=f"set {name} before the run"
                )
            value: Any = self.environ[name]
        else:
            if name not in self.variables:
                raise SecretError(
                    f"the variable `{name}` is not set",
                    help=f"give it with --var {name}=VALUE or in --vars FILE",
                )
            value = self.variables[name]
        if self.is_secret(kind, name):
            self.keep_secret(value)
        return value

    @staticmethod
    def is_secret(kind: PlaceholderKind, name: str) -> bool:
        """Whether the value of this placeholder must be redacted."""
        return kind == "env" or _SECRET_NAME.search(name) is not None

    def keep_secret(self, value: Any) -> None:
        """Adds a form in which a secret is written to `secrets`."""
        for item in value if isinstance(value, list | tuple) else (value,):
            text = _as_text(item)
            if text.strip():
                self._handed_out[text] = None


def find_placeholders(text: str) -> list[Placeholder]:
    """Returns the placeholders in a text, in order; `$${` starts none."""
    if "${" not in text:
        return []
    return [
        Placeholder(match[1], match[2], match.start(), match.end())  # type: ignore[arg-type]  # one of the three
        for match in _PLACEHOLDER.finditer(text)
        if match[1] is not None
    ]


def fill_text(text: str, values: Values) -> str:
    """Returns a text with its placeholders filled in; `${ident:…}` has no meaning outside SQL and stays.

    Raises:
        SecretError: A variable is not set.
    """
    return _fill(text, lambda kind, name: None if kind == "ident" else _as_text(values.get(kind, name)))


def fill_params(
    obj: Any,
    values: Values,
    *,
    sql_keys: Collection[str] = ("query", "sql"),
    dialect: Dialect = DUCKDB,
) -> Any:
    """Returns a copy of `obj` with the placeholders in all its texts filled in.

    A text that is one placeholder and nothing else becomes the variable's value with its type. Keys stay.

    Args:
        obj: Params, or any value that JSON can hold.
        values: What to fill in.
        sql_keys: Keys at the top whose text is SQL.
        dialect: How that SQL is read.

    Raises:
        SecretError: A variable is not set.
    """
    if isinstance(obj, dict):
        return {
            key: fill_sql(item, values, dialect=dialect)
            if key in sql_keys and isinstance(item, str)
            else fill_params(item, values, sql_keys=())
            for key, item in obj.items()
        }
    if isinstance(obj, list | tuple):
        return type(obj)(fill_params(item, values, sql_keys=()) for item in obj)
    if not isinstance(obj, str) or "${" not in obj:
        return obj
    whole = _PLACEHOLDER.fullmatch(obj)
    if whole is not None and whole[1] in ("env", "var"):
        return values.get(whole[1], whole[2])  # type: ignore[arg-type]  # env or var
    return fill_text(obj, values)


def fill_sql(query: str, values: Values, *, dialect: Dialect = DUCKDB) -> str:
    """Returns a query with its placeholders filled in as values.

    Outside quotes a placeholder becomes a literal of its value's type (a list becomes `(1, 2)`), inside a
    quoted string or identifier escaped text, and `${ident:NAME}` a quoted identifier. Comments are left
    alone.

    Raises:
        SecretError: A variable is not set.
        StepOptionError: A value cannot be written where it stands.
    """
    if "${" not in query:
        return query
    return "".join(part.text for part in sql_parts(query, values, dialect))


@dataclass(frozen=True, slots=True)
class SqlPart:
    """A part of a query, and what stands for it once the placeholders are filled.

    Attributes:
        start: Offset of its first character, as written.
        end: Offset after its last one.
        text: What stands for it.
        placeholder: The placeholder it is; None for what stays as it is, and for `$${`.
    """

    start: int
    end: int
    text: str
    placeholder: Placeholder | None = None


def sql_parts(query: str, values: Values, dialect: Dialect = DUCKDB) -> Iterator[SqlPart]:
    """Yields a query in parts, in order; their texts together are the query filled by `fill_sql`.

    Raises:
        SecretError: A variable is not set.
        StepOptionError: A value cannot be written where it stands.
    """
    if not dialect.is_known:
        _check_read_alike(query)
    for region in regions(query, dialect):
        if region.kind == "comment":
            yield SqlPart(region.start, region.end, query[region.start : region.end])
            continue
        done = region.start
        for match in _PLACEHOLDER.finditer(query, region.start, region.end):
            if match.start() > done:
                yield SqlPart(done, match.start(), query[done : match.start()])
            done = match.end()
            if match[1] is None:
                yield SqlPart(match.start(), match.end(), "${")
                continue
            found = Placeholder(match[1], match[2], match.start(), match.end())  # type: ignore[arg-type]
            if region.kind == "code":
                text = _in_code(query, found, values, dialect)
            else:
                text = _in_quotes(found, region, values)
            _check_no_backslash(text, found.name, dialect)
            yield SqlPart(match.start(), match.end(), text, found)
        if region.end > done:
            yield SqlPart(done, region.end, query[done : region.end])


def _fill(text: str, write: Callable[[PlaceholderKind, str], str | None]) -> str:
    if "${" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        written = write(match[1], match[2])  # type: ignore[arg-type]  # the pattern knows three kinds
        return match[0] if written is None else written

    return _PLACEHOLDER.sub(one, text)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(value)
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


# -- SQL ---------------------------------------------------------------------------------------------


def _in_code(query: str, found: Placeholder, values: Values, dialect: Dialect) -> str:
    value = values.get(found.kind, found.name)
    if found.kind == "ident":
        written = _identifier(found.name, value, dialect)
    else:
        written = literal(value, dialect, name=found.name)
    if values.is_secret(found.kind, found.name):
        values.keep_secret(written)
    # Next to a letter or a quote a literal would become another token: E'…', 'a''b'.
    before, after = query[found.start - 1 : found.start], query[found.end : found.end + 1]
    return f"{' ' * _joins(before)}{written}{' ' * _joins(after)}"


def _check_read_alike(query: str) -> None:
    """Raises StepOptionError for a placeholder whose place databases read differently: text or code."""
    places = [found.start for found in find_placeholders(query)]
    seen: set[tuple[tuple[str, str, bool], ...]] = set()
    for dialect in DIALECTS.values():
        around = {
            at: (region.kind, region.quote, region.is_raw)
            for region in regions(query, dialect)
            for at in places
            if region.start <= at < region.end
        }
        seen.add(tuple(around[at] for at in places))
    if len(seen) > 1:
        raise StepOptionError(
            "databases read the quotes and comments of this query in different ways, and how this one does "
            "is not known, so that no value can safely be put there",
            help="write it with plain '…' texts and without backslashes, `[`, `#` and `$`",
        )


def _check_no_backslash(text: str, name: str, dialect: Dialect) -> None:
    """Raises StepOptionError for a text that a database may read as another."""
    if not dialect.is_known and "\\" in text:
        raise StepOptionError(
            f"the value of `{name}` has a backslash, and how this database reads one is not known",
            help="give a value without one",
        )


def _joins(neighbour: str) -> bool:
    return neighbour != "" and (neighbour.isalnum() or neighbour in "_'\"`$&@#}")


def _in_quotes(found: Placeholder, region: Region, values: Values) -> str:
    written = region.escape(_as_text(values.get(found.kind, found.name)))
    if written is None:
        raise StepOptionError(
            f"the value of `{found.name}` contains the mark that ends the text around it",
            help="use ordinary quotes there",
        )
    if values.is_secret(found.kind, found.name):
        values.keep_secret(written)
    return written


def literal(value: Any, dialect: Dialect = DUCKDB, *, name: str = "value") -> str:
    """Returns a value as a SQL literal of its type.

    Raises:
        StepOptionError: SQL has no literal for it.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal | float):
        return _number(value)
    if isinstance(value, str):
        return dialect.quote_text(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, list | tuple):
        if not value:
            return _EMPTY_LIST
        if all(not isinstance(item, list | tuple | dict) for item in value):
            return f"({', '.join(literal(item, dialect, name=name) for item in value)})"
    raise StepOptionError(
        f"the value of `{name}` has no literal in SQL", help="give a text, a number or a list of them"
    )


def _number(value: int | float | Decimal) -> str:
    if not math.isfinite(value):
        return f"CAST('{'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'}' AS DOUBLE)"
    # A minus behind a minus would start a comment.
    return f"({value})" if value < 0 or str(value).startswith("-") else str(value)


def _identifier(name: str, value: Any, dialect: Dialect) -> str:
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if not parts or not all(isinstance(part, str) and part and "\x00" not in part for part in parts):
        raise StepOptionError(
            f"the value of `{name}` is not a name", help='give a text, or a list of them for "schema"."table"'
        )
    return ".".join(dialect.quote_identifier(part) for part in parts)
