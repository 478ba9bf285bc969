"""Schema and Column: what checks know of a dataset without its data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset.

    Attributes:
        name: Its name, as the source or query spells it.
        type: DuckDB's name of its type as DESCRIBE prints it (`BIGINT`, `DECIMAL(10,2)`), on every engine;
            None where the column is known to be there and its type is not.
    """

    name: str
    type: str | None = None


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
