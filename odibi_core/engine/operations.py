"""The operations of a `config_op` transform: each a small SQL query around the one before."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ParamError
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

Path = tuple[str | int, ...]

SOURCE = "odibi_input"
_LONG = 40
_READS = re.compile(r"\b(?:from|table)\b", re.IGNORECASE)  # an expression that may read the data as a whole
# Arrow's type names, which snapshots show, as SQL knows them; other names go to the engine as they are.
_SQL_TYPES = {
    "string": ("VARCHAR", "STRING"),
    "bool": ("BOOLEAN", "BOOLEAN"),
    "int8": ("TINYINT", "TINYINT"),
    "int16": ("SMALLINT", "SMALLINT"),
    "int32": ("INTEGER", "INT"),
    "int64": ("BIGINT", "BIGINT"),
    "float": ("REAL", "FLOAT"),
    "double": ("DOUBLE", "DOUBLE"),
    "date32[day]": ("DATE", "DATE"),
    "timestamp[us]": ("TIMESTAMP", "TIMESTAMP_NTZ"),
    "binary": ("BLOB", "BINARY"),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it is written.

    Attributes:
        name: Such as `filter`.
        argument: What it is given, placeholders as written.
        path: Where it stands in the step.
    """

    name: str
    argument: Any
    path: Path

    @property
    def is_sql(self) -> bool:
        """Whether it is given SQL, whose placeholders are filled as SQL."""
        return self.name in ("filter", "derive")


def operations_in(params: Mapping[str, Any], others: Collection[str]) -> Iterator[Operation | ParamError]:
    """Yields the operations in `params`, in the order they are written, and what is none.

    They stand in `params` by name, or one a list element in `params.operations` where one is needed twice.

    Args:
        params: The step's.
        others: Options of the step itself, which may stand there too.
    """
    steps = params.get("operations")
    written: list[tuple[str, Any, Path]] = []
    if steps is None:
        written = [(name, value, ("params", name)) for name, value in params.items()]
    elif not isinstance(steps, list):
        yield _not_operations(("params", "operations"))
        return
    else:
        for name in params:
            if name != "operations" and name not in others:
                message = f"`{name}` stands beside `operations`"
                yield ParamError(message, path=("params", name), is_key=True, help="move it in")
        for index, step in enumerate(steps):
            if not isinstance(step, dict) or len(step) != 1:
                yield _not_operations(("params", "operations", index))
                continue
            ((name, value),) = step.items()
            written.append((name, value, ("params", "operations", index, name)))
    for name, value, path in written:
        if name in others:
            continue
        if name in _OPERATIONS:
            yield Operation(name, value, path)
            continue
        close = nearest(str(name), _OPERATIONS)
        listed = ", ".join(f"`{operation}`" for operation in _OPERATIONS)
        yield ParamError(
            f"there is no operation `{name}`",
            help=f"did you mean `{close}`" if close else f"known are {listed}",
            kind="operation", path=path, is_key=True, name=str(name), known=tuple(_OPERATIONS),
        )  # fmt: skip


def _not_operations(path: Path) -> ParamError:
    return ParamError(
        "`operations` is a list of objects with one operation each",
        help='write `[{"filter": "amount > 100"}, {"sort": "-amount"}]`',
        path=path,
    )  # fmt: skip


def _reads(expression: Any) -> bool:
    return isinstance(expression, str) and _READS.search(expression) is not None


def _shown(value: Any) -> str:
    """Returns a value as a config writes it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


class Builder:
    """The query so far, and the columns it has.

    Attributes:
        columns: Names of the columns, in order.
        sql: The query.
    """

    def __init__(
        self,
        engine: str,
        columns: Collection[str],
        fill: Callable[[Any], Any],
        fill_sql: Callable[[str], str],
        *,
        name: str = "t",
        table: str = SOURCE,
    ) -> None:
        """Starts with all of a table.

        Args:
            engine: Whose SQL is built.
            columns: The table's columns.
            fill: Fills the placeholders of an argument.
            fill_sql: Fills those of an SQL expression.
            name: What expressions may call the data: the input's local name.
            table: What the table is called in the query.
        """
        self._spark = engine == "spark"
        self.columns = list(columns)
        self._fill_in = fill
        self._fill_sql = fill_sql
        self._name = name
        self._from = self._quote(table)
        self.sql = f"SELECT * FROM {self._from}"

    def apply(self, operation: Operation) -> None:
        """Puts an operation around the query.

        Raises:
            ParamError: Its argument is none that it takes.
        """
        argument = operation.argument if operation.is_sql else self._fill_in(operation.argument)
        _OPERATIONS[operation.name](self, argument, operation.path)

    # -- the operations -------------------------------------------------------------------------------

    def _select(self, argument: Any, path: Path) -> None:
        self.columns = [self._column(name, at) for name, at in self._names(argument, path)]
        self._project({})

    def _drop(self, argument: Any, path: Path) -> None:
        gone = {self._column(name, at) for name, at in self._names(argument, path)}
        self.columns = [column for column in self.columns if column not in gone]
        if not self.columns:
            raise ParamError("`drop` leaves no column", kind="empty", path=path, is_key=True)
        self._project({})

    def _rename(self, argument: Any, path: Path) -> None:
        new = {}
        for old, name in self._mapping(argument, path).items():
            new[self._column(old, (*path, old), is_key=True)] = str(name)
        renamed = [new.get(column, column) for column in self.columns]
        twice = next((name for name in renamed if renamed.count(name) > 1), None)
        if twice is not None:
            old = next(old for old, name in argument.items() if str(name) == twice)
            raise ParamError(
                f"`rename` makes two columns `{twice}`", help="give it another name", kind="twice",
                path=(*path, old),
            )  # fmt: skip
        terms = [f"{self._quote(c)} AS {self._quote(n)}" for c, n in zip(self.columns, renamed, strict=True)]
        self.columns = renamed
        self._wrap(", ".join(terms))

    def _filter(self, argument: Any, path: Path) -> None:
        text = self._expression(argument, path)
        self._wrap("*", f"WHERE (\n{text}\n)", reads=_reads(argument))

    def _derive(self, argument: Any, path: Path) -> None:
        terms = {}
        for name, text in self._mapping(argument, path).items():
            terms[self._known(name) or str(name)] = f"(\n{self._expression(text, (*path, name))}\n)"
        self.columns = [*self.columns, *(name for name in terms if name not in self.columns)]
        self._project(terms, reads=any(map(_reads, argument.values())))

    def _cast(self, argument: Any, path: Path) -> None:
        terms = {}
        for name, kind in self._mapping(argument, path).items():
            column = self._column(name, (*path, name), is_key=True)
            known = _SQL_TYPES.get(str(kind).lower())
            native = known[self._spark] if known else self._type_name(kind, (*path, name))
            terms[column] = f"CAST({self._quote(column)} AS {native})"
        self._project(terms)

    def _fill(self, argument: Any, path: Path) -> None:
        terms = {}
        for name, value in self._mapping(argument, path).items():
            column = self._column(name, (*path, name), is_key=True)
            terms[column] = f"COALESCE({self._quote(column)}, {self._literal(value, (*path, name))})"
        self._project(terms)

    def _dedupe(self, argument: Any, path: Path) -> None:
        """Keeps the first row of each group; first is as the input has them."""
        if argument is False:
            return
        keys = self.columns
        if argument is not True:
            keys = [self._column(name, at) for name, at in self._names(argument, path)]
        key = ", ".join(self._quote(name) for name in keys)
        number = "monotonically_increasing_id()" if self._spark else "row_number() OVER ()"
        self._wrap(f"*, {number} AS {self._quote('odibi_row')}")
        self._wrap(
            f"*, row_number() OVER (PARTITION BY {key} ORDER BY {self._quote('odibi_row')}) AS "
            f"{self._quote('odibi_rank')}"
        )
        self._project({}, f"WHERE {self._quote('odibi_rank')} = 1 ORDER BY {self._quote('odibi_row')}")

    def _sort(self, argument: Any, path: Path) -> None:
        terms = []
        for name, at in self._names(argument, path):
            down = name.startswith("-") and self._known(name) is None
            column = self._column(name[1:] if down else name, at)
            terms.append(f"{self._quote(column)} {'DESC' if down else 'ASC'} NULLS LAST")
        self._wrap("*", f"ORDER BY {', '.join(terms)}")

    def _limit(self, argument: Any, path: Path) -> None:
        if isinstance(argument, bool) or not isinstance(argument, int) or argument < 0:
            help = "write it without quotes" if isinstance(argument, str) and argument.isdecimal() else None
            raise ParamError(
                f"`limit` is a whole number from 0, not {_shown(argument)}", help=help, path=path
            )
        self._wrap("*", f"LIMIT {argument}")

    # -- pieces ---------------------------------------------------------------------------------------

    def _wrap(self, terms: str, tail: str = "", *, reads: bool = False) -> None:
        """Puts a query around the one so far.

        Args:
            terms: What it selects.
            tail: What follows its FROM.
            reads: Whether a query in it may read the data by its name, which an alias alone does not give.
        """
        name, source, before = self._quote(self._name), self._from, ""
        if reads and source != name:
            before, source = f"WITH {name} AS (SELECT * FROM {source} AS {name}) ", name
        self.sql = f"{before}SELECT {terms} FROM {source} AS {name} {tail}".rstrip()
        self._from = f"({self.sql})"

    def _project(self, terms: Mapping[str, str], tail: str = "", *, reads: bool = False) -> None:
        """Selects the columns as they are now, with `terms` in place of some."""
        shown = [
            f"{terms[column]} AS {self._quote(column)}" if column in terms else self._quote(column)
            for column in self.columns
        ]
        self._wrap(", ".join(shown), tail, reads=reads)

    def _quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`" if self._spark else '"' + name.replace('"', '""') + '"'

    def _literal(self, value: Any, path: Path) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, (int, float)):
            return repr(value)
        if isinstance(value, str):
            text = (
                value.replace("\\", "\\\\").replace("'", "\\'") if self._spark else value.replace("'", "''")
            )
            return f"'{text}'"
        message = f"`fill` takes numbers, texts and true or false, not {_shown(value)}"
        raise ParamError(message, path=path)

    def _expression(self, text: Any, path: Path) -> str:
        if not isinstance(text, str) or not text.strip():
            raise ParamError(f"an SQL expression is needed, not {_shown(text)}", path=path)
        return self._fill_sql(text)

    def _type_name(self, kind: Any, path: Path) -> str:
        text = str(kind)
        if not text or not all(part.isalnum() or part in "_ (),<>[]:" for part in text):
            raise ParamError(f"`{text}` is not a type", path=path)
        return text

    def _names(self, argument: Any, path: Path) -> list[tuple[str, Path]]:
        """Returns the columns that an argument names, each with where it stands."""
        if isinstance(argument, str):
            return [(argument, path)]
        if not isinstance(argument, list) or not argument or not all(isinstance(n, str) for n in argument):
            raise ParamError(f"a column or a list of columns is needed, not {_shown(argument)}", path=path)
        return [(name, (*path, index)) for index, name in enumerate(argument)]

    def _mapping(self, argument: Any, path: Path) -> Mapping[str, Any]:
        if not isinstance(argument, dict) or not argument:
            raise ParamError(f"an object with a column each is needed, not {_shown(argument)}", path=path)
        return argument

    def _known(self, name: str) -> str | None:
        """Returns the column that SQL would take `name` for."""
        if name in self.columns:
            return name
        return next((column for column in self.columns if column.casefold() == name.casefold()), None)

    def _column(self, name: str, path: Path, *, is_key: bool = False) -> str:
        """Returns the column that SQL would take `name` for.

        Raises:
            ParamError: There is none.
        """
        found = self._known(name)
        if found is None:
            close = nearest(name, self.columns)
            there = ", ".join(f"`{column}`" for column in self.columns[:20])
            raise ParamError(
                f"there is no column `{name}`", help=f"`{close}` exists" if close else f"there are {there}",
                kind="column", path=path, is_key=is_key, name=name, known=tuple(self.columns),
            )  # fmt: skip
        return found


_OPERATIONS: dict[str, Callable[[Builder, Any, Path], None]] = {
    "select": Builder._select,
    "drop": Builder._drop,
    "rename": Builder._rename,
    "filter": Builder._filter,
    "derive": Builder._derive,
    "cast": Builder._cast,
    "fill": Builder._fill,
    "dedupe": Builder._dedupe,
    "sort": Builder._sort,
    "limit": Builder._limit,
}
