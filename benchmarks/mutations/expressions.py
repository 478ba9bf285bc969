"""Expressions of SQL over columns whose kinds are known, valid on every engine that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.mutations.sql import Sql
from benchmarks.mutations.tables import WORDS, Columns

Write = Callable[[], object]


@dataclass(frozen=True)
class Scope:
    """The columns that may be named, each with the alias of its table where one has to be said."""

    columns: Sequence[tuple[str, str, str | None]]  # name, kind, table

    @classmethod
    def of(cls, columns: Columns, table: str | None = None) -> Scope:
        return cls([(column.name, column.kind, table) for column in columns])

    def of_kind(self, *kinds: str) -> list[tuple[str, str, str | None]]:
        return [column for column in self.columns if column[1] in kinds]


@dataclass
class Expressions:
    """Writes expressions into a query.

    Attributes:
        rng: Where all chance comes from.
        sql: The query.
        scope: What may be named.
        variables: Names of variables that may stand for a number or a text, by kind.
    """

    rng: Random
    sql: Sql
    scope: Scope
    variables: dict[str, list[str]]

    @property
    def spark(self) -> bool:
        return self.sql.dialect == "spark"

    def col(self, *kinds: str) -> None:
        self.sql.col(*self.rng.choice(self.scope.of_kind(*kinds)))

    def has(self, *kinds: str) -> bool:
        return bool(self.scope.of_kind(*kinds))

    # -- literals ------------------------------------------------------------------------------------

    def number(self) -> None:
        if self.variables.get("number") and self.rng.random() < 0.1:
            name = self.rng.choice(self.variables["number"])
            self.sql.add("${var:" + name + "}", "placeholder", name)
        else:
            self.sql.add(str(self.rng.randint(1, 99)), "number")

    def words(self) -> None:
        if self.variables.get("text") and self.rng.random() < 0.1:
            name = self.rng.choice(self.variables["text"])
            self.sql.add("${" + name + "}", "placeholder", name)
        else:
            self.sql.add("'" + self.rng.choice(WORDS).replace("'", "''") + "'", "text")

    def date(self) -> None:
        self.sql.add("DATE", "typeword").space()
        self.sql.add(f"'2024-0{self.rng.randint(1, 9)}-15'", "date")

    # -- expressions by kind -------------------------------------------------------------------------

    def value(self, kind: str, depth: int = 1) -> None:
        """Writes an expression of a kind; a plain column where nothing else is at hand."""
        made = self._ways(kind, depth) if depth else []
        if self.has(kind) and (not made or self.rng.random() < 0.35):
            self.col(kind)
            return
        self.rng.choice(made or self._literals(kind))()

    def possible(self) -> list[str]:
        """Returns the kinds that expressions can be made of."""
        return [
            kind for kind in ("int", "float", "text", "date", "bool") if self.has(kind) or self._ways(kind, 1)
        ]

    def _literals(self, kind: str) -> list[Write]:
        made: dict[str, Write] = {"int": self.number, "text": self.words, "date": self.date}
        return [made.get(kind, self.number)]

    def _ways(self, kind: str, depth: int) -> list[Write]:
        inner = depth - 1
        return {
            "int": self._int, "float": self._float, "text": self._text, "date": self._date,
            "bool": self._bool,
        }.get(kind, lambda _: [])(inner)  # fmt: skip

    def _int(self, inner: int) -> list[Write]:
        sql = self.sql
        ways: list[Write] = []
        if self.has("int"):
            ways += [
                lambda: (self.value("int", inner), sql.op(self.rng.choice("+-")), sql.add("1", "number")),
                lambda: sql.fn("abs", lambda: self.value("int", inner), info="number"),
                lambda: sql.fn("coalesce", lambda: self.col("int"), lambda: sql.add("0", "number")),
                lambda: self._case(lambda: self.value("int", inner), lambda: sql.add("0", "number")),
            ]
        if self.has("text"):
            ways.append(lambda: sql.fn("length", lambda: self.value("text", inner), info="text"))
        if self.has("float"):
            ways.append(lambda: self._cast(lambda: self.col("float"), "INT" if self.spark else "INTEGER"))
        if self.has("date"):
            ways.append(lambda: sql.fn("year", lambda: self.col("date"), info="date"))
        if not self.spark and self.has("list"):
            ways.append(lambda: sql.fn("len", lambda: self.col("list")))
            ways.append(lambda: (self.col("list"), sql.add("[1]", "operator")))
        if not self.spark and self.has("struct"):
            ways.append(lambda: (self.col("struct"), sql.add(".", "dot").add("a", "member")))
        return ways

    def _float(self, inner: int) -> list[Write]:
        sql = self.sql
        ways: list[Write] = []
        if self.has("float"):
            ways += [
                lambda: sql.fn(
                    "round", lambda: self.value("float", inner), lambda: sql.add("2", "number"), info="number"
                ),
                lambda: (self.col("float"), sql.op("*"), sql.add("0.5", "number")),
                lambda: sql.fn("abs", lambda: self.col("float"), info="number"),
                lambda: sql.fn("greatest", lambda: self.col("float"), lambda: self.col("float")),
            ]
        if self.has("int"):
            ways.append(lambda: self._cast(lambda: self.col("int"), "DOUBLE"))
        return ways

    def _text(self, inner: int) -> list[Write]:
        sql = self.sql
        ways: list[Write] = []
        if self.has("text"):
            ways += [
                lambda: sql.fn(
                    self.rng.choice(["upper", "lower", "trim"]),
                    lambda: self.value("text", inner),
                    info="text",
                ),
                lambda: (self.value("text", inner), sql.op("||"), self.words()),
                lambda: sql.fn(
                    "substring",
                    lambda: self.col("text"),
                    lambda: sql.add("1", "number"),
                    lambda: sql.add("3", "number"),
                    info="text",
                ),
                lambda: sql.fn("replace", lambda: self.col("text"), self.words, self.words, info="text"),
                lambda: sql.fn("concat", lambda: self.col("text"), self.words),
                lambda: sql.fn("coalesce", lambda: self.col("text"), self.words),
            ]
        if self.has("int", "float", "date"):
            ways.append(
                lambda: self._cast(
                    lambda: self.col("int", "float", "date"), "STRING" if self.spark else "VARCHAR"
                )
            )
        ways.append(lambda: self._case(self.words, self.words))
        if not self.spark and self.has("struct"):
            ways.append(lambda: (self.col("struct"), sql.add(".", "dot").add("b", "member")))
        if not self.spark and self.has("date"):
            ways.append(
                lambda: sql.fn(
                    "strftime", lambda: self.col("date"), lambda: sql.add("'%Y-%m'", "text"), info="date"
                )
            )
        return ways

    def _date(self, inner: int) -> list[Write]:
        sql = self.sql
        ways: list[Write] = []
        if self.has("time"):
            ways.append(lambda: self._cast(lambda: self.col("time"), "DATE"))
        if self.has("date"):
            ways.append(lambda: sql.fn("last_day", lambda: self.col("date"), info="date"))
        return ways

    def _bool(self, inner: int) -> list[Write]:
        return [lambda: self.condition(inner)] if self.has("int", "float", "text", "date") else []

    def _cast(self, what: Write, kind: str) -> None:
        sql = self.sql
        sql.add("CAST", "function", "cast").add("(", "open")
        what()
        sql.kw("AS")
        sql.add(kind, "type").add(")", "close")

    def _case(self, then: Write, other: Write) -> None:
        sql = self.sql
        sql.kw("CASE WHEN")
        self.condition(0)
        sql.kw("THEN")
        then()
        sql.kw("ELSE")
        other()
        sql.kw("END")

    # -- conditions ----------------------------------------------------------------------------------

    def condition(self, depth: int = 1) -> None:
        """Writes something that is true or false."""
        sql = self.sql
        if depth and self.rng.random() < 0.4:
            self.condition(depth - 1)
            sql.kw(self.rng.choice(["AND", "OR"]))
            self.condition(depth - 1)
            return
        ways: list[Write] = [lambda: (sql.add("1", "number"), sql.op("="), sql.add("1", "number"))]
        if self.has("int", "float"):
            ways = [
                lambda: (self.col("int", "float"), sql.op(self.rng.choice([">", "<=", "<>"])), self.number()),
                lambda: (
                    (self.col("int"), sql.kw("BETWEEN"), self.number(), sql.kw("AND"), self.number())
                    if self.has("int")
                    else (self.col("float"), sql.op(">"), self.number())
                ),
                lambda: (self.col("int", "float"), sql.kw("IS NOT NULL")),
                lambda: (
                    self.col("int", "float"),
                    sql.kw("IN"),
                    sql.group(lambda: sql.each([self.number, self.number])),
                ),
            ]
        if self.has("text"):
            ways += [
                lambda: (self.col("text"), sql.op("="), self.words()),
                lambda: (self.col("text"), sql.kw("LIKE"), sql.add("'A%'", "text")),
                lambda: (sql.kw("NOT"), sql.group(lambda: (self.col("text"), sql.op("="), self.words()))),
            ]
        if self.has("date"):
            ways.append(lambda: (self.col("date"), sql.op(">="), self.date()))
        self.rng.choice(ways)()
