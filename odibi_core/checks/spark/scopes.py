"""Resolution: which table and column each name of a Spark query stands for, and what the query gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from odibi_core.checks.schemas import Column, Schema
from odibi_core.checks.spark.functions import FUNCTIONS
from odibi_core.checks.spark.groups import misplaced, ungrouped
from odibi_core.checks.spark.names import (
    OWN,
    Seen,
    Source,
    is_late,
    is_opaque,
    is_selected,
    is_unit,
    same,
    span_of,
)
from odibi_core.checks.spark.operands import Unfit, clash
from odibi_core.checks.spark.types import output_name, type_of, unfit
from odibi_core.checks.sql.examine import Mistake
from odibi_core.checks.sql.lab_errors import ProblemKind, SqlProblem
from odibi_core.checks.sql.names import best
from odibi_core.config.shape import is_slip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Resolution:
    """Resolves every name of a query.

    Attributes:
        schema: What the query gives; None where that is not known.
        mistakes: What is certainly wrong.
    """

    def __init__(
        self,
        tree: exp.Query,
        sql: str,
        tables: Mapping[str, Schema | None],
        tables_known: bool,
        functions_known: bool,
    ) -> None:
        self.mistakes: list[Mistake] = []
        self.schema: Schema | None = None
        self._sql = sql
        self._tables = {name.casefold(): (name, schema) for name, schema in tables.items()}
        self._tables_known = tables_known
        self._outputs: dict[int, Schema | None] = {}
        self._seen: dict[int, Seen] = {}
        self._told: set[tuple[int, int]] = set()
        scopes = traverse_scope(tree)
        for scope in scopes:  # those inside come first
            self._outputs[id(scope.expression)] = self._scope(scope)
        if functions_known:
            self._functions(tree)
        if scopes and all(mistake.problem.kind == "function" for mistake in self.mistakes):
            self.schema = self._outputs.get(id(scopes[-1].expression))

    # -- scopes ---------------------------------------------------------------------------------------

    def _scope(self, scope: Scope) -> Schema | None:
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._set_operation(scope, expression)
        if not isinstance(expression, exp.Select):
            return self._made(expression)
        seen = self._see(scope, expression)
        self._seen[id(expression)] = seen
        before = len(self.mistakes)
        for column in self._columns(scope):
            self._resolve(column, scope, seen)
        if len(self.mistakes) == before:
            for column in ungrouped(expression, seen):
                self._tell("group", "must appear in the GROUP BY clause", column.parts[-1], name=column.name)
        for node, what in misplaced(expression):
            self._tell("aggregate", f"WHERE clause cannot contain {what}", node, name=None)
        for problem in unfit(expression, lambda column: self._type(column, scope)):
            self._tell_unfit(problem)
        return self._selected(expression, scope, seen)

    def _see(self, scope: Scope, expression: exp.Select) -> Seen:
        seen = Seen()
        hidden = {
            join.alias_or_name
            for join in expression.args.get("joins") or []
            if str(join.args.get("kind") or "").upper() in ("SEMI", "ANTI")
            or str(join.args.get("side") or "").upper() in ("SEMI", "ANTI")
        }
        for name, node in scope.references:
            source = self._source(name, node, scope)
            source.is_hidden = name in hidden
            seen.sources.append(source)
        for lateral in expression.args.get("laterals") or []:
            if not any(source.name == lateral.alias for source in seen.sources):
                seen.sources.append(Source(lateral.alias, self._made(lateral)))
        for join in expression.args.get("joins") or []:
            if str(join.args.get("method") or "").upper() == "NATURAL":
                seen.merged = None
            elif seen.merged is not None:
                seen.merged |= {name.name.casefold() for name in join.args.get("using") or []}
        named = [output_name(select) for select in expression.selects if not _is_own_name(select)]
        seen.aliases = {called.casefold() for called in named if called is not None}
        if any(isinstance(select, exp.Aliases) for select in expression.selects):
            seen.aliases |= {
                name.name.casefold()
                for select in expression.selects
                if isinstance(select, exp.Aliases)
                for name in select.expressions
            }
        return seen

    def _source(self, name: str, node: exp.Expr, scope: Scope) -> Source:
        behind = scope.sources.get(name)
        if isinstance(behind, Scope):
            schema = self._outputs.get(id(behind.expression))
            if isinstance(node, exp.Table) and node.args.get("pivots"):
                schema = None
            return Source(name, self._renamed(node, self._renamed(behind.expression.parent, schema)))
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            opaque = bool(node.args.get("pivots")) or node.args.get("db") is not None
            known = self._tables.get(node.name.casefold())
            if node.args.get("db") is not None:
                return Source(name, None)
            if known is None:
                self._unknown_table(node)
                return Source(name, None)
            return Source(name, None if opaque else self._renamed(node, known[1]), known[0])
        return Source(name, self._made(node) if isinstance(node, exp.UDTF | exp.Lateral) else None)

    def _renamed(self, node: exp.Expr | None, schema: Schema | None) -> Schema | None:
        """Returns a schema under the names that `AS t(a, b)` gives."""
        alias = node.args.get("alias") if node is not None else None
        if node is not None and node.args.get("pivots"):
            return None
        if not isinstance(alias, exp.TableAlias) or not alias.columns:
            return schema
        if schema is None:
            return Schema.of((column.name, None) for column in alias.columns)
        if len(alias.columns) != len(schema.columns):
            return None
        types = [column.type for column in schema.columns]
        return Schema.of(zip((column.name for column in alias.columns), types, strict=True))

    def _made(self, expression: exp.Expr) -> Schema | None:
        """Returns the columns of VALUES, LATERAL VIEW and the like, where their names are written."""
        alias = expression.args.get("alias")
        if isinstance(alias, exp.TableAlias) and alias.columns:
            return Schema.of((column.name, None) for column in alias.columns)
        return None

    def _set_operation(self, scope: Scope, expression: exp.SetOperation) -> Schema | None:
        sides = [
            self._outputs.get(id(side.unnest() if isinstance(side, exp.Subquery) else side))
            for side in (expression.left, expression.right)
        ]
        left, right = sides
        if left is None or right is None or expression.args.get("by_name"):
            return None
        if len(left.columns) != len(right.columns):
            message = f"Set operations can only apply to the same number of columns: {len(left.columns)}"
            selects = expression.right.selects if isinstance(expression.right, exp.Query) else []
            operator = type(expression).__name__.upper()  # UNION, EXCEPT or INTERSECT
            self._tell("count", message, exp.Tuple(expressions=[s.copy() for s in selects]), name=operator)
            return None
        self._mixed(expression, left, right)
        return Schema(
            tuple(
                a if a.type == b.type else Column(a.name)
                for a, b in zip(left.columns, right.columns, strict=True)
            )
        )

    def _mixed(self, expression: exp.SetOperation, left: Schema, right: Schema) -> None:
        """Tells of columns that the two sides give types of which nothing makes one."""
        terms = expression.right.selects if isinstance(expression.right, exp.Query) else []
        if len(terms) != len(right.columns):
            return
        for term, a, b in zip(terms, left.columns, right.columns, strict=True):
            if not term.is_star:
                for problem in clash([a.type, b.type], expression.key.upper(), term):
                    self._tell_unfit(problem)

    def _selected(self, expression: exp.Select, scope: Scope, seen: Seen) -> Schema | None:
        if expression.args.get("operation_modifiers") or expression.args.get("pivots"):
            return None
        columns: list[Column] = []
        for select in expression.selects:
            if isinstance(select, exp.Star) or (
                isinstance(select, exp.Column) and isinstance(select.this, exp.Star)
            ):
                starred = self._starred(select, expression, seen)
                if starred is None:
                    return None
                columns += starred
                continue
            name = output_name(select, {source.name.casefold() for source in seen.sources})
            if name is None:
                return None
            columns.append(Column(name, type_of(select, lambda column: self._type(column, scope))))
        return Schema(tuple(columns)) if columns else None

    def _starred(self, select: exp.Expr, expression: exp.Select, seen: Seen) -> list[Column] | None:
        star = select.this if isinstance(select, exp.Column) else select
        if star.args.get("replace") or star.args.get("rename") or seen.is_open or seen.merged is None:
            return None
        if seen.merged or len({source.name for source in seen.sources}) != len(seen.sources):
            return None  # the order of merged columns is Spark's own
        wanted = select.table if isinstance(select, exp.Column) else ""
        sources = [s for s in seen.sources if not s.is_hidden and (not wanted or same(s.name, wanted))]
        if not sources:
            return None  # all fields of a struct
        columns = [column for source in sources for column in (source.columns or Schema(())).columns]
        for left_out in star.args.get("except_") or star.args.get("except") or []:
            before = len(columns)
            columns = [column for column in columns if not same(column.name, left_out.name)]
            if len(columns) == before:
                self._unknown_column(left_out, left_out.name, sources)
        return columns

    # -- columns --------------------------------------------------------------------------------------

    def _columns(self, scope: Scope) -> Iterator[exp.Column]:
        for node in scope.walk():
            if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
                yield node

    def _resolve(self, column: exp.Column, scope: Scope, seen: Seen) -> None:
        parts = [part.name for part in column.parts]
        first = column.parts[0]
        if first.name.casefold() in OWN or is_unit(column, parts) or is_opaque(column):
            return
        sources = self._visible(column, seen)
        if len(parts) > 1:
            qualified = [source for source in sources if same(source.name, parts[0])]
            if qualified:
                source = qualified[0]
                if source.columns is not None and source.columns.find(parts[1]) is None:
                    self._unknown_column(column.parts[1], parts[1], [source])
                return
        holders = [s for s in sources if s.columns is not None and s.columns.find(parts[0]) is not None]
        if len(holders) > 1 and seen.merged is not None and parts[0].casefold() not in seen.merged:
            if not is_late(column) or parts[0].casefold() not in seen.aliases:
                names = " or ".join(f"'{holder.name}.{parts[0]}'" for holder in holders)
                message = f'Ambiguous reference to column name "{parts[0]}" (use: {names})'
                self._tell("ambiguous", message, first, name=parts[0])
            return
        if holders or any(source.columns is None for source in sources) or seen.merged is None:
            return
        if parts[0].casefold() in seen.aliases and (is_late(column) or is_selected(column)):
            return
        outer = list(self._outer(scope))
        meant = next((source for source in outer if same(source.name, parts[0])), None)
        if len(parts) > 1 and meant is not None:
            if meant.columns is not None and meant.columns.find(parts[1]) is None:
                self._unknown_column(column.parts[1], parts[1], [meant])
            return
        if any(source.columns is None or source.columns.find(parts[0]) for source in outer):
            return
        if len(parts) > 1:
            if not any(same(source.name, parts[0]) for source in seen.sources):
                self._unknown_qualifier(first, parts, sources)
            return
        self._unknown_column(first, parts[0], sources)

    def _visible(self, column: exp.Column, seen: Seen) -> list[Source]:
        join = column.find_ancestor(exp.Join, exp.Select)
        return [s for s in seen.sources if not s.is_hidden or isinstance(join, exp.Join)]

    def _outer(self, scope: Scope) -> Iterator[Source]:
        """Yields the tables of the queries around, which a subquery sees if it stands for a value."""
        node: exp.Expr | None = scope.expression
        while node is not None:
            parent = node.parent
            if isinstance(parent, exp.CTE) or (
                isinstance(parent, exp.From | exp.Join)
                and node.arg_key == "this"
                and not isinstance(node, exp.Lateral)
            ):
                return
            if isinstance(parent, exp.Select):
                yield from self._around(parent)
            node = parent

    def _around(self, select: exp.Select) -> Iterator[Source]:
        froms = [
            select.args.get("from_"),
            *(select.args.get("joins") or []),
            *(select.args.get("laterals") or []),
        ]
        for part in froms:
            table = part.this if isinstance(part, exp.From | exp.Join) else part
            if not isinstance(table, exp.Table):
                if table is not None:
                    yield Source(table.alias, None)
                continue
            known = (
                self._tables.get(table.name.casefold()) if isinstance(table.this, exp.Identifier) else None
            )
            schema = self._renamed(table, known[1]) if known is not None else None
            yield Source(table.alias_or_name, schema, known[0] if known is not None else None)

    def _type(self, column: exp.Column, scope: Scope) -> str | None:
        """Returns the type of a column, where it is certain which it is."""
        seen = self._seen.get(id(scope.expression))
        parts = [part.name for part in column.parts]
        if seen is None or len(parts) > 2:
            return None
        sources = [s for s in seen.sources if len(parts) == 1 or same(s.name, parts[0])]
        if any(source.columns is None for source in sources):
            return None
        found = [held for s in sources if s.columns is not None and (held := s.columns.find(parts[-1]))]
        return found[0].type if len(found) == 1 else None

    # -- what is told ---------------------------------------------------------------------------------

    def _functions(self, tree: exp.Expr) -> None:
        for call in tree.find_all(exp.Anonymous):
            name = call.name
            if name.casefold() in FUNCTIONS or not name.isidentifier() or isinstance(call.parent, exp.Dot):
                continue
            if self._sql[span_of(call)[0] or 0 :].casefold().startswith("window"):
                continue  # it was written otherwise for sqlglot
            meant, certain = best(name.casefold(), FUNCTIONS)
            if meant is None or len(name) < 4 or not is_slip(name, meant):
                continue  # it may be a function that somebody registered
            self._tell(
                "function", f"there is no function {name}", call, name=name, meant=meant, certain=certain
            )

    def _unknown_table(self, node: exp.Table) -> None:
        if not self._tables_known:
            return
        names = [name for name, _ in self._tables.values()]
        meant, certain = best(node.name, names)
        self._tell("table", "no such table", node.this, name=node.name, meant=meant, certain=certain)

    def _unknown_column(self, node: exp.Expr, name: str, sources: list[Source]) -> None:
        columns = [c.name for source in sources if source.columns is not None for c in source.columns.columns]
        meant, certain = best(name, columns)
        self._tell("column", "no such column", node, name=name, meant=meant, certain=certain, sources=sources)

    def _unknown_qualifier(self, node: exp.Expr, parts: list[str], sources: list[Source]) -> None:
        holders = [s.name for s in sources if s.columns is not None and s.columns.find(parts[1])]
        meant, certain = best(parts[0], [source.name for source in sources])
        if meant is None and len(holders) == 1:
            meant = holders[0]
        self._tell(
            "qualifier", "no such table", node, name=parts[0], meant=meant, certain=certain, sources=sources
        )

    def _tell_unfit(self, problem: Unfit) -> None:
        self._tell(
            "type", problem.message, problem.node, name=problem.condition, call=problem.call,
            converted_to=None if problem.condition is None else "BOOLEAN",
        )  # fmt: skip

    def _tell(
        self,
        kind: ProblemKind,
        message: str,
        node: exp.Expr,
        *,
        name: str | None,
        meant: str | None = None,
        certain: bool = False,
        sources: list[Source] | None = None,
        call: str | None = None,
        converted_to: str | None = None,
    ) -> None:
        start, end = span_of(node)
        if start is None or end is None or (start, end) in self._told:
            return
        self._told.add((start, end))
        problem = SqlProblem(
            kind, message, start=start, end=end, name=name, call=call, converted_to=converted_to
        )
        named = sources or []
        self.mistakes.append(
            Mistake(
                problem, meant, certain, tuple(source.name for source in named),
                tuple(source.table for source in named),
            )
        )  # fmt: skip


def _is_own_name(select: exp.Expr) -> bool:
    """Whether a term has the name of the very column that it is."""
    return isinstance(select, exp.Column) and len(select.parts) == 1
