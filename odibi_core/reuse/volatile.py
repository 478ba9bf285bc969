"""Which SQL may give another result for the same input: found by parsing it, in the dialect that runs it."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    import duckdb

# Keywords that DuckDB reads as columns until it binds them.
_KEYWORDS = frozenset(
    {
        *("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"),
        *("current_user", "session_user", "user", "current_role", "current_catalog", "current_schema"),
    }
)
_ALSO_VOLATILE = frozenset({"getenv", "getvariable", "pg_backend_pid", "version"})
_TABLE_FUNCTIONS = frozenset(
    {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"}
)
# Spark functions that sqlglot has no class for, which are all others' in `_SPARK_CLASSES`.
_SPARK_VOLATILE = frozenset(
    {
        *("monotonically_increasing_id", "spark_partition_id", "input_file_name", "uuid", "shuffle", "rand"),
        *("randn", "random", "now", "current_timezone", "input_file_block_start", "input_file_block_length"),
        *("current_catalog", "current_database", "current_schema", "session_user", "user", "version"),
        *("java_method", "reflect", "localtimestamp", "curdate", "unix_timestamp", "randstr", "uniform"),
    }
)
_SPARK_CLASSES = ("CurrentDate", "CurrentTimestamp", "CurrentTime", "CurrentUser", "Rand", "Randn", "Uuid")


def volatile_duckdb(query: str, tables: Collection[str]) -> str | None:
    """Returns why a query may give another result for the same tables, None where it can not.

    Args:
        query: What DuckDB runs.
        tables: The names of the step's inputs; what reads anything else is not reused.
    """
    import duckdb

    with duckdb.connect() as connection:
        try:
            statements = duckdb.extract_statements(query)
            if len(statements) != 1:
                return "its SQL is more than one statement"
            # Without the text's own placeholders for parameters: there are none in a pipeline.
            told = connection.execute("SELECT json_serialize_sql(?)", [statements[0].query]).fetchone()
        except duckdb.Error:
            return "its SQL cannot be parsed"
        tree: dict[str, Any] = json.loads(told[0]) if told else {"error": True}
        if tree.get("error"):
            return "its SQL is not one SELECT"
        return _volatile_tree(tree, tables, _functions(connection))


def volatile_expressions(params: Mapping[str, Any], *, spark: bool = False) -> str | None:
    """Returns why the operations of a `config_op` may give another result, None where they can not."""
    look = volatile_spark if spark else volatile_duckdb
    for expression in _expressions(params):
        found = look(f"SELECT ({expression}\n) FROM data", {"data"})
        if found is not None:
            return found
    return None


def volatile_spark(query: str, tables: Collection[str]) -> str | None:
    """Returns why a query of Spark SQL may give another result for the same tables, None where it can not."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = [statement for statement in sqlglot.parse(query, read="spark") if statement is not None]
    except (SqlglotError, RecursionError):
        return "its SQL cannot be parsed"
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        return "its SQL is not one SELECT"
    classes = tuple(getattr(exp, name) for name in _SPARK_CLASSES if hasattr(exp, name))
    known = {name.lower() for name in tables} | {cte.alias.lower() for cte in parsed[0].find_all(exp.CTE)}
    for node in parsed[0].walk():
        if isinstance(node, classes):
            return f"`{node.sql_name().lower() if isinstance(node, exp.Func) else node.key}` is volatile"
        if isinstance(node, exp.TableSample):
            return "it samples"
        if isinstance(node, exp.Anonymous):
            return f"nobody can tell what `{one_line(node.name)}` gives"
        if isinstance(node, exp.Func) and any(name.lower() in _SPARK_VOLATILE for name in node.sql_names()):
            return f"`{node.sql_name().lower()}` is volatile"
        if isinstance(node, exp.Table) and node.name.lower() not in known:
            return f"it reads `{one_line(node.name)}`, which is no input"
    return None


def _expressions(params: Mapping[str, Any]) -> Iterator[str]:
    operations = params.get("operations")
    for operation in [params, *(operations if isinstance(operations, list) else ())]:
        if not isinstance(operation, dict):
            continue
        if isinstance(operation.get("filter"), str):
            yield operation["filter"]
        if isinstance(operation.get("derive"), dict):
            yield from (text for text in operation["derive"].values() if isinstance(text, str))


# -- DuckDB's own tree -------------------------------------------------------------------------------


def _volatile_tree(
    tree: Any, tables: Collection[str], function_is: Callable[[str, int], str | None]
) -> str | None:
    known = {name.lower() for name in tables} | {name.lower() for name in _ctes(tree)}
    for node in _nodes(tree):
        if node.get("sample"):
            return "it samples"
        name = node.get("function_name")
        if isinstance(name, str):
            found = function_is(name, _arguments(node))
            if found is not None:
                return found
        if node.get("type") == "BASE_TABLE":
            table = str(node.get("table_name"))
            if node.get("schema_name") or node.get("catalog_name") or table.lower() not in known:
                return f"it reads `{one_line(table)}`, which is no input"
        names = node.get("column_names")
        if node.get("class") == "COLUMN_REF" and isinstance(names, list) and len(names) == 1:
            word = str(names[0]).lower()
            if word in _KEYWORDS:
                return f"`{word}` is volatile"
    return None


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _arguments(node: dict[str, Any]) -> int:
    return len(node.get("arguments") or node.get("children") or ())


def _ctes(tree: Any) -> Iterator[str]:
    for node in _nodes(tree):
        found = node.get("cte_map")
        if isinstance(found, dict):
            for entry in found.get("map", ()):
                yield str(entry.get("key"))


def _functions(connection: duckdb.DuckDBPyConnection) -> Callable[[str, int], str | None]:
    """Returns what tells of a function, by name and number of arguments, why it is volatile."""
    known = _catalogue()

    def tell(name: str, arguments: int) -> str | None:
        name = name.lower()
        if name in _ALSO_VOLATILE or (name == "age" and arguments == 1):
            return f"`{name}` is volatile"
        entries = known.get(name)
        if entries is None:
            return None if name in _OPERATORS else f"nobody can tell what `{one_line(name)}` gives"
        for kind, stability, definition in entries:
            if kind in ("table", "table_macro", "pragma"):
                if name not in _TABLE_FUNCTIONS and len(entries) == 1:
                    return f"`{name}` reads what is no input"
            elif stability not in (None, "CONSISTENT") or (
                definition is not None and _macro_is_volatile(connection, name, definition, tell)
            ):
                return f"`{name}` is volatile"
        return None

    return tell


_OPERATORS = frozenset({"struct_pack", "list_comprehension", "operator"})


@functools.cache
def _catalogue() -> dict[str, tuple[tuple[str, str | None, str | None], ...]]:
    """Returns kind, stability and macro's text of each of DuckDB's functions by name."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT lower(function_name), function_type, stability, macro_definition"
            " FROM duckdb_functions()"
        ).fetchall()
    found: dict[str, tuple[tuple[str, str | None, str | None], ...]] = {}
    for name, kind, stability, definition in rows:
        found[name] = (*found.get(name, ()), (kind, stability, definition))
    return found


def _macro_is_volatile(
    connection: duckdb.DuckDBPyConnection, name: str, definition: str, tell: Callable[[str, int], str | None]
) -> bool:
    told = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {definition}"]).fetchone()
    tree = json.loads(told[0]) if told else {"error": True}
    if tree.get("error"):
        return True
    for node in _nodes(tree):
        inner = node.get("function_name")
        if isinstance(inner, str) and inner.lower() != name and tell(inner, _arguments(node)) is not None:
            return True
        names = node.get("column_names")
        if isinstance(names, list) and len(names) == 1 and str(names[0]).lower() in _KEYWORDS:
            return True
    return False
