"""Functions and what is declared about them, read from their text: no module of the user's is imported."""

from odibi_core.functions.reading.found import (
    BrokenModule,
    Found,
    FoundClass,
    FoundFunction,
    FoundModule,
    MissingMember,
    MissingModule,
    NotCallable,
    Undecided,
)
from odibi_core.functions.reading.names import Reader

__all__ = [
    "BrokenModule",
    "Found",
    "FoundClass",
    "FoundFunction",
    "FoundModule",
    "MissingMember",
    "MissingModule",
    "NotCallable",
    "Reader",
    "Undecided",
]
