"""Schema and Column: what checks know of a dataset without its data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from odibi_core.engine.source_columns import SourceColumn


@dataclass(frozen=True, slots=True)
class Texts:
    """Some texts that a column holds, met at the start of its source.

    Attributes:
        some: One or two of each shape that was met.
        surely: Whether each stands in a row of the dataset; else a condition may have left their rows out.
    """

    some: tuple[str, ...]
    surely: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset.

    Attributes:
        name: Its name, as the source or query spells it.
        type: DuckDB's name of its type as DESCRIBE prints it (`BIGINT`, `DECIMAL(10,2)`), on every engine;
            None where the column is known to be there and its type is not.
        texts: What a column of texts holds, where that is known.
    """

    name: str
    type: str | None = None
    texts: Texts | None = None


@dataclass(frozen=True)
class Schema:
    """The columns of a dataset, in order. Where nothing is known of a dataset, None stands in its place.

    Attributes:
        columns: The columns.
    """

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str | None]]) -> Schema:
        """Returns the schema of columns given as name and type."""
        return cls(tuple(Column(name, kind) for name, kind in pairs))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def has_texts(self) -> bool:
        """Whether it is known of any column what texts it holds."""
        return any(column.texts is not None for column in self.columns)

    @cached_property
    def has_unknown_types(self) -> bool:
        """Whether the type of any column is not known."""
        return any(column.type is None for column in self.columns)

    def find(self, name: str) -> Column | None:
        """Returns the column that SQL takes `name` for: of that spelling, else in any case."""
        for column in self.columns:
            if column.name == name:
                return column
        folded = name.casefold()
        return next((column for column in self.columns if column.name.casefold() == folded), None)


def of_source(columns: Iterable[SourceColumn]) -> Schema:
    """Returns the schema of what reading a source would give."""
    return Schema(
        tuple(
            Column(column.name, column.type, Texts(column.texts) if column.texts else None)
            for column in columns
        )
    )
