"""The operations of a `config_op` transform: each a small SQL query around the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from odibi_core.engine.base_context import EngineContext
    from odibi_core.nodes.base import Node

SOURCE = "odibi_input"
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


def apply_operations(node: Node, frames: Mapping[str, Any], scope: EngineContext) -> Any:
    """Returns the input with the operations in `params` applied, in the order they are written.

    They stand in `params` by name, or one a list element in `params.operations` where one is needed
    twice. Without any the input passes through.
    """
    if len(frames) != 1:
        raise node.bad_option(
            f"a config_op transform takes one input, this one has {len(frames) or 'none'}",
            "inputs",
            "join with a step of type `sql`" if frames else None,
        )
    if node.step.value.strip():
        node.tracker.log("`value` is not used by a config_op transform", level="warning", step=node.step.name)
    (frame,) = frames.values()
    operations = list(_operations(node))
    if not operations:
        return frame
    scope.register_temp(SOURCE, frame)
    builder = _Builder(node, scope, [column.name for column in scope.columns(frame)])
    for name, argument, field in operations:
        builder.apply(name, argument, field)
    return scope.execute_sql(builder.sql)


def _operations(node: Node) -> Iterator[tuple[str, Any, str]]:
    """Yields name, argument and field; SQL expressions keep their placeholders, which are filled as SQL."""
    params = node.step.params
    steps = params.get("operations")
    if steps is None:
        named = [(name, value, f"params.{name}") for name, value in params.items()]
    else:
        if not isinstance(steps, list) or not all(
            isinstance(step, dict) and len(step) == 1 for step in steps
        ):
            raise node.bad_option(
                "`operations` is a list of objects with one operation each",
                "params.operations",
                'write `[{"filter": "amount > 100"}, {"sort": "-amount"}]`',
            )
        others = [name for name in params if name not in ("operations", *node.step_options)]
        if others:
            raise node.bad_option(
                f"`{others[0]}` stands beside `operations`", f"params.{others[0]}", "move it in"
            )
        named = [
            (name, value, f"params.operations.{index}.{name}")
            for index, step in enumerate(steps)
            for name, value in step.items()
        ]
    for name, value, field in named:
        if name in node.step_options:
            continue
        if name not in _OPERATIONS:
            close = nearest(str(name), _OPERATIONS)
            known = ", ".join(f"`{operation}`" for operation in _OPERATIONS)
            raise node.bad_option(
                f"there is no operation `{name}`",
                field,
                f"did you mean `{close}`" if close else f"known are {known}",
            )
        yield name, value if name in ("filter", "derive") else node.fill(value), field


class _Builder:
    """The query so far, and the columns it has."""

    def __init__(self, node: Node, scope: EngineContext, columns: list[str]) -> None:
        self.node = node
        self.spark = scope.name == "spark"
        self.dialect = scope.name
        self.columns = columns
        self.sql = f"SELECT * FROM {self.quote(SOURCE)}"

    def apply(self, name: str, argument: Any, field: str) -> None:
        _OPERATIONS[name](self, argument, field)

    # -- the operations -------------------------------------------------------------------------------

    def select(self, argument: Any, field: str) -> None:
        self.columns = [self.column(name, field) for name in self.names(argument, field)]
        self.project({})

    def drop(self, argument: Any, field: str) -> None:
        gone = {self.column(name, field) for name in self.names(argument, field)}
        self.columns = [column for column in self.columns if column not in gone]
        if not self.columns:
            raise self.error("`drop` leaves no column", field)
        self.project({})

    def rename(self, argument: Any, field: str) -> None:
        new = {self.column(old, field): str(name) for old, name in self.mapping(argument, field).items()}
        renamed = [new.get(column, column) for column in self.columns]
        twice = next((name for name in renamed if renamed.count(name) > 1), None)
        if twice is not None:
            raise self.error(f"`rename` makes two columns `{twice}`", field)
        terms = [f"{self.quote(c)} AS {self.quote(n)}" for c, n in zip(self.columns, renamed, strict=True)]
        self.columns = renamed
        self.wrap(", ".join(terms))

    def filter(self, argument: Any, field: str) -> None:
        self.wrap("*", f"WHERE (\n{self.expression(argument, field)}\n)")

    def derive(self, argument: Any, field: str) -> None:
        terms = {}
        for name, text in self.mapping(argument, field).items():
            terms[self.known(name) or str(name)] = f"(\n{self.expression(text, f'{field}.{name}')}\n)"
        self.columns = [*self.columns, *(name for name in terms if name not in self.columns)]
        self.project(terms)

    def cast(self, argument: Any, field: str) -> None:
        terms = {}
        for name, kind in self.mapping(argument, field).items():
            column = self.column(name, field)
            known = _SQL_TYPES.get(str(kind).lower())
            terms[column] = (
                f"CAST({self.quote(column)} AS {known[self.spark] if known else self.type_name(kind, field)})"
            )
        self.project(terms)

    def fill(self, argument: Any, field: str) -> None:
        terms = {}
        for name, value in self.mapping(argument, field).items():
            column = self.column(name, field)
            terms[column] = f"COALESCE({self.quote(column)}, {self.literal(value, field)})"
        self.project(terms)

    def dedupe(self, argument: Any, field: str) -> None:
        """Keeps the first row of each group; first is as the input has them."""
        if argument is False:
            return
        keys = self.columns if argument is True else self.names(argument, field)
        key = ", ".join(self.quote(self.column(name, field)) for name in keys)
        number = "monotonically_increasing_id()" if self.spark else "row_number() OVER ()"
        self.wrap(f"*, {number} AS {self.quote('odibi_row')}")
        self.wrap(
            f"*, row_number() OVER (PARTITION BY {key} ORDER BY {self.quote('odibi_row')}) AS "
            f"{self.quote('odibi_rank')}"
        )
        self.project({}, f"WHERE {self.quote('odibi_rank')} = 1 ORDER BY {self.quote('odibi_row')}")

    def sort(self, argument: Any, field: str) -> None:
        terms = []
        for name in self.names(argument, field):
            down = name.startswith("-") and self.known(name) is None
            column = self.column(name[1:] if down else name, field)
            terms.append(f"{self.quote(column)} {'DESC' if down else 'ASC'} NULLS LAST")
        self.wrap("*", f"ORDER BY {', '.join(terms)}")

    def limit(self, argument: Any, field: str) -> None:
        if isinstance(argument, bool) or not isinstance(argument, int) or argument < 0:
            raise self.error(f"`limit` is a whole number from 0, not {argument!r}", field)
        self.wrap("*", f"LIMIT {argument}")

    # -- pieces ---------------------------------------------------------------------------------------

    def wrap(self, terms: str, tail: str = "") -> None:
        self.sql = f"SELECT {terms} FROM ({self.sql}) AS t {tail}".rstrip()

    def project(self, terms: Mapping[str, str], tail: str = "") -> None:
        """Selects the columns as they are now, with `terms` in place of some."""
        shown = [
            f"{terms[column]} AS {self.quote(column)}" if column in terms else self.quote(column)
            for column in self.columns
        ]
        self.wrap(", ".join(shown), tail)

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`" if self.spark else '"' + name.replace('"', '""') + '"'

    def literal(self, value: Any, field: str) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, (int, float)):
            return repr(value)
        if isinstance(value, str):
            text = value.replace("\\", "\\\\").replace("'", "\\'") if self.spark else value.replace("'", "''")
            return f"'{text}'"
        raise self.error(f"`fill` takes numbers, texts and true or false, not {value!r}", field)

    def expression(self, text: Any, field: str) -> str:
        if not isinstance(text, str) or not text.strip():
            raise self.error(f"an SQL expression is needed, not {text!r}", field)
        return self.node.fill_sql(text, self.dialect)

    def type_name(self, kind: Any, field: str) -> str:
        text = str(kind)
        if not text or not all(part.isalnum() or part in "_ (),<>[]:" for part in text):
            raise self.error(f"`{text}` is not a type", field)
        return text

    def names(self, argument: Any, field: str) -> list[str]:
        names = [argument] if isinstance(argument, str) else argument
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise self.error(f"a column or a list of columns is needed, not {argument!r}", field)
        return names

    def mapping(self, argument: Any, field: str) -> Mapping[str, Any]:
        if not isinstance(argument, dict) or not argument:
            raise self.error(f"an object with a column each is needed, not {argument!r}", field)
        return argument

    def known(self, name: str) -> str | None:
        """Returns the column that SQL would take `name` for."""
        if name in self.columns:
            return name
        return next((column for column in self.columns if column.casefold() == name.casefold()), None)

    def column(self, name: str, field: str) -> str:
        found = self.known(name)
        if found is None:
            close = nearest(name, self.columns)
            there = ", ".join(f"`{column}`" for column in self.columns[:20])
            raise self.error(
                f"there is no column `{name}`", field, f"`{close}` exists" if close else f"there are {there}"
            )
        return found

    def error(self, message: str, field: str, help: str | None = None) -> Exception:
        return self.node.bad_option(message, field, help)


_OPERATIONS: dict[str, Callable[[_Builder, Any, str], None]] = {
    "select": _Builder.select,
    "drop": _Builder.drop,
    "rename": _Builder.rename,
    "filter": _Builder.filter,
    "derive": _Builder.derive,
    "cast": _Builder.cast,
    "fill": _Builder.fill,
    "dedupe": _Builder.dedupe,
    "sort": _Builder.sort,
    "limit": _Builder.limit,
}
