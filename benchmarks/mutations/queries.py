"""Queries over inputs whose columns are known, and the columns they give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from benchmarks.mutations.expressions import Expressions, Scope
from benchmarks.mutations.sql import Sql
from benchmarks.mutations.tables import NAMES, Col, Columns

_MADE = re.compile("rows_seen|(sum|avg|min|max)_.*")
_PLAIN = ("int", "float", "text", "date", "bool")


class Queries:
    """Makes queries.

    Args:
        rng: Where all chance comes from.
        dialect: pandas, duckdb or spark.
        inputs: Columns by the name of a table.
        variables: Variables that may be used, by kind.
    """

    def __init__(
        self, rng: Random, dialect: str, inputs: Mapping[str, Columns], variables: dict[str, list[str]]
    ) -> None:
        self.rng = rng
        self.dialect = dialect
        self.inputs = dict(inputs)
        self.variables = variables
        self.break_lines = rng.random() < 0.3

    def make(self) -> tuple[Sql, Columns]:
        """Returns a query and its columns."""
        self.sql = Sql(self.dialect)
        shapes = [self.project, self.project, self.star, self.aggregate, self.window, self.cte, self.derived]
        if len(self.inputs) > 1:
            shapes = [self.join, self.join, self.join, self.union, self.inside]
        if self.rng.random() < 0.1 and len(self.inputs) == 1:
            shapes = [self.union]
        columns = self.rng.choice(shapes)()
        while self.sql.tokens[-1].role == "space":
            self.sql.tokens.pop()
        return self.sql, columns

    # -- shapes --------------------------------------------------------------------------------------

    def project(self, table: str | None = None) -> Columns:
        table = table or self._table()
        called = "t" if self.rng.random() < 0.3 else None
        write = self._expressions(Scope.of(self.inputs[table], called))
        self.sql.kw("SELECT DISTINCT" if self.rng.random() < 0.1 and self._flat(table) else "SELECT")
        columns = self._items(write)
        self._from(table, called)
        if self.rng.random() < 0.6:
            self._clause("WHERE")
            write.condition()
        if self.rng.random() < 0.3:
            self._order(columns)
        if self.rng.random() < 0.2:
            self._clause("LIMIT")
            self.sql.add(str(self.rng.randint(5, 50)), "number")
        return columns

    def star(self) -> Columns:
        table = self._table()
        write = self._expressions(Scope.of(self.inputs[table]))
        self.sql.kw("SELECT").add("*", "star")
        taken = {column.name.casefold() for column in self.inputs[table]}
        new = self._new_name(write, taken)
        self.sql.add(",", "comma").space()
        write.value(new.kind, 2)
        self.sql.alias(new.name)
        self._from(table)
        if self.rng.random() < 0.5:
            self._clause("WHERE")
            write.condition()
        return (*self.inputs[table], new)

    def aggregate(self, table: str | None = None) -> Columns:
        table = table or self._table()
        columns = self.inputs[table]
        write = self._expressions(Scope.of(columns))
        keys = [
            c for c in columns if c.kind in ("text", "int", "date", "bool") and not _MADE.fullmatch(c.name)
        ]
        keys = self.rng.sample(keys, min(len(keys), self.rng.randint(1, 2)))
        self.sql.kw("SELECT")
        made: list[Col] = []
        for key in keys:
            self.sql.col(key.name, key.kind).add(",", "comma").space()
            made.append(key)
        self.sql.fn("count", lambda: self.sql.add("*", "star"), info="aggregate").alias("rows_seen")
        made.append(Col("rows_seen", "int"))
        for number in range(self.rng.randint(0, 2)):
            numeric = [c for c in columns if c.kind in ("int", "float")]
            if not numeric:
                break
            column = self.rng.choice(numeric)
            name = self.rng.choice(["sum", "avg", "min", "max"])
            self.sql.add(",", "comma").space()
            self.sql.fn(name, lambda c=column: self.sql.col(c.name, c.kind), info="aggregate")
            self.sql.alias(f"{name}_{number}")
            made.append(Col(f"{name}_{number}", "float" if name == "avg" else column.kind))
        self._from(table)
        if self.rng.random() < 0.3:
            self._clause("WHERE")
            write.condition()
        if keys:
            self._clause("GROUP BY")
            self.sql.each([lambda k=key: self.sql.col(k.name, k.kind) for key in keys])
        if keys and self.rng.random() < 0.3:
            self._clause("HAVING")
            self.sql.fn("count", lambda: self.sql.add("*", "star"), info="aggregate").op(">").add(
                "0", "number"
            )
        if keys and self.rng.random() < 0.3:
            self._order(tuple(made))
        return tuple(made)

    def join(self) -> Columns:
        left, right = self.rng.sample(list(self.inputs), 2)
        a, b = ("a", "b") if self.rng.random() < 0.7 else (left, right)
        columns, others = self.inputs[left], self.inputs[right]
        keys = [
            (c, d) for c in columns for d in others if c.kind == d.kind and c.kind in ("int", "text", "date")
        ]
        if not keys:
            return self.project(left)
        key, other = self.rng.choice(keys)
        write = self._expressions(
            Scope([*((c.name, c.kind, a) for c in columns), *((c.name, c.kind, b) for c in others)])
        )
        self.sql.kw("SELECT")
        made = self._items(write)
        self._from(left, a if a != left else None)
        self._clause(self.rng.choice(["JOIN", "LEFT JOIN", "INNER JOIN"]))
        self.sql.add(self._quoted(right), "table", right)
        if b != right:
            self.sql.space().add(b, "alias_table", b)
        self.sql.kw("ON")
        self.sql.col(key.name, key.kind, a).op("=").col(other.name, other.kind, b)
        if self.rng.random() < 0.3:
            self._clause("WHERE")
            write.condition()
        self._clause("LIMIT")
        self.sql.add("40", "number")
        return made

    def union(self) -> Columns:
        tables = list(self.inputs)
        left, right = tables[0], tables[-1]
        pairs = [(c, d) for c in self.inputs[left] for d in self.inputs[right] if c.kind == d.kind != "any"]
        chosen: list[tuple[Col, Col]] = []
        for pair in self.rng.sample(pairs, len(pairs)):
            if len(chosen) < 3 and pair[0].name not in {c.name for c, _ in chosen}:
                chosen.append(pair)
        if not chosen:
            return self.project(left)
        self.sql.kw("SELECT").each([lambda c=c: self.sql.col(c.name, c.kind) for c, _ in chosen])
        self._from(left)
        self._clause("UNION ALL")
        self.sql.kw("SELECT").each([lambda d=d: self.sql.col(d.name, d.kind) for _, d in chosen])
        self._from(right)
        self._clause("LIMIT")
        self.sql.add("60", "number")
        return tuple(c for c, _ in chosen)

    def window(self) -> Columns:
        table = self._table()
        columns = self.inputs[table]
        plain = [c for c in columns if c.kind in _PLAIN]
        if not plain:
            return self.project(table)
        order, part = plain[0], self.rng.choice(plain)
        kept = [c for c in columns if c.name not in ("running", "position_nr")][:4]
        self.sql.kw("SELECT")
        self.sql.each([lambda c=c: self.sql.col(c.name, c.kind) for c in kept])
        self.sql.add(",", "comma").space()
        numeric = [c for c in columns if c.kind in ("int", "float")]
        if numeric and self.rng.random() < 0.5:
            number = self.rng.choice(numeric)
            self.sql.fn("sum", lambda: self.sql.col(number.name, number.kind), info="aggregate")
            new = Col("running", number.kind)
        else:
            self.sql.fn("row_number", info="window")
            new = Col("position_nr", "int")
        self.sql.kw("OVER").add("(", "open")
        self.sql.kw("PARTITION BY").col(part.name, part.kind)
        self.sql.kw("ORDER BY").col(order.name, order.kind).add(")", "close")
        self.sql.alias(new.name)
        self._from(table)
        return (*kept, new)

    def cte(self) -> Columns:
        table = self._table()
        self.sql.kw("WITH").add("part", "cte", "part").kw("AS").add("(", "open")
        inner = self.rng.choice([self.project, self.aggregate])(table)
        while self.sql.tokens[-1].role == "space":
            self.sql.tokens.pop()
        self.sql.add(")", "close").space("\n" if self.break_lines else " ")
        outer = Queries(self.rng, self.dialect, {"part": inner}, self.variables)
        outer.sql, outer.break_lines = self.sql, self.break_lines
        return self.rng.choice([outer.project, outer.aggregate])("part")

    def derived(self) -> Columns:
        table = self._table()
        # The inner query comes first, so that its columns are known to the outer one.
        inner = Queries(self.rng, self.dialect, self.inputs, self.variables)
        inner.sql = Sql(self.dialect)
        columns = self.rng.choice([inner.project, inner.aggregate])(table)
        while inner.sql.tokens[-1].role == "space":
            inner.sql.tokens.pop()
        write = self._expressions(Scope.of(columns, "s"))
        self.sql.kw("SELECT")
        made = self._items(write)
        self._clause("FROM")
        self.sql.add("(", "open")
        self.sql.tokens += inner.sql.tokens
        self.sql.add(")", "close").kw("AS").add("s", "alias_table", "s")
        return made

    def inside(self) -> Columns:
        left, right = self.rng.sample(list(self.inputs), 2)
        pairs = [
            (c, d) for c in self.inputs[left] for d in self.inputs[right]
            if c.kind == d.kind and c.kind in ("int", "text")
        ]  # fmt: skip
        if not pairs:
            return self.project(left)
        key, other = self.rng.choice(pairs)
        write = self._expressions(Scope.of(self.inputs[left]))
        self.sql.kw("SELECT")
        made = self._items(write)
        self._from(left)
        self._clause("WHERE")
        self.sql.col(key.name, key.kind).kw("IN").add("(", "open", "subquery").kw("SELECT").col(
            other.name, other.kind
        )
        self._from(right)
        self.sql.add(")", "close")
        return made

    # -- pieces --------------------------------------------------------------------------------------

    def _table(self) -> str:
        return self.rng.choice(list(self.inputs))

    def _flat(self, table: str) -> bool:
        return all(column.kind in _PLAIN for column in self.inputs[table])

    def _quoted(self, table: str) -> str:
        from benchmarks.mutations.sql import quote

        return quote(table, self.dialect)

    def _expressions(self, scope: Scope) -> Expressions:
        return Expressions(self.rng, self.sql, scope, self.variables)

    def _clause(self, words: str) -> None:
        if self.break_lines:
            while self.sql.tokens[-1].role == "space":
                self.sql.tokens.pop()
            self.sql.space(self.rng.choice(["\n", "\n  ", "\r\n"]))
        self.sql.kw(words)

    def _from(self, table: str, called: str | None = None) -> None:
        self._clause("FROM")
        self.sql.add(self._quoted(table), "table", table)
        if called is not None:
            self.sql.kw("AS").add(called, "alias_table", called)

    def _items(self, write: Expressions) -> Columns:
        """Writes what is selected: columns, and expressions under new names."""
        made: list[Col] = []
        parts = []
        for name, kind, table in self.rng.sample(list(write.scope.columns), len(write.scope.columns))[:8]:
            if name.casefold() in {column.name.casefold() for column in made}:
                continue
            made.append(Col(name, kind))
            parts.append(lambda n=name, k=kind, t=table: self.sql.col(n, k, t))
        for _ in range(self.rng.randint(0, 2)):
            new = self._new_name(write, {column.name.casefold() for column in made})
            made.append(new)
            parts.append(lambda c=new: (write.value(c.kind, 2), self.sql.alias(c.name)))
        self.sql.each(parts)
        return tuple(made)

    def _new_name(self, write: Expressions, taken: set[str]) -> Col:
        kind = self.rng.choice(write.possible() or ["int"])
        names = [*NAMES[kind], *(f"{kind}_{n}" for n in range(20))]
        return Col(
            next(name for name in self.rng.sample(names, len(names)) if name.casefold() not in taken), kind
        )

    def _order(self, columns: Columns) -> None:
        plain = [column for column in columns if column.kind in _PLAIN]
        if plain:
            self._clause("ORDER BY")
            column = self.rng.choice(plain)
            self.sql.col(column.name, column.kind)
            if self.rng.random() < 0.5:
                self.sql.kw("DESC")
