"""Functions and what is declared about them, read from their text: no module of the user's is imported."""

from odibi_core.functions.reading.names import (
    BrokenModule,
    Found,
    FoundFunction,
    MissingMember,
    MissingModule,
    NotCallable,
    Reader,
    Undecided,
)

__all__ = [
    "BrokenModule",
    "Found",
    "FoundFunction",
    "MissingMember",
    "MissingModule",
    "NotCallable",
    "Reader",
    "Undecided",
]
