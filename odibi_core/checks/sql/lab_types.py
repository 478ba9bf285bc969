"""What DuckDB can convert to what: asked of a lab with constants of our own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.checks.sql.lab_errors import SqlProblem

if TYPE_CHECKING:
    from odibi_core.checks.sql.lab import Lab

OURS = "odibi"  # the text that stands for any
_NAME = re.compile(r"[A-Za-z_][\w ]*(?:\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?:\[\])*")
_FAMILY = re.compile(r"\(.*\)")
# A value of each type that others may not be made of; texts are made anything, or not, one by one.
_SAMPLES = {
    "BOOLEAN": "TRUE", "TINYINT": "1::TINYINT", "SMALLINT": "1::SMALLINT", "INTEGER": "1::INTEGER",
    "BIGINT": "1::BIGINT", "HUGEINT": "1::HUGEINT", "UTINYINT": "1::UTINYINT", "USMALLINT": "1::USMALLINT",
    "UINTEGER": "1::UINTEGER", "UBIGINT": "1::UBIGINT", "FLOAT": "1::FLOAT", "DOUBLE": "1::DOUBLE",
    "DECIMAL": "1::DECIMAL(4, 2)", "DATE": "DATE '2000-01-01'", "TIME": "TIME '10:00:00'",
    "TIMESTAMP": "TIMESTAMP '2000-01-01'", "TIMESTAMP_S": "TIMESTAMP_S '2000-01-01'",
    "TIMESTAMP_MS": "TIMESTAMP_MS '2000-01-01'", "TIMESTAMP_NS": "TIMESTAMP_NS '2000-01-01'",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2000-01-01'", "INTERVAL": "INTERVAL 1 DAY",
    "BLOB": "'1'::BLOB", "UUID": "uuid()",
}  # fmt: skip


def is_type_text(text: str) -> bool:
    """Whether a text is written as the name of a type, so that it may stand in a query of ours."""
    return _NAME.fullmatch(text) is not None


def type_called(lab: Lab, text: str) -> str | None:
    """Returns DuckDB's own name of a type; None where there is none, or it has more to it than a name."""
    if not is_type_text(text):
        return None

    def ask() -> str | None:
        try:
            return lab.describe(f"SELECT CAST(NULL AS {text})", {}).columns[0].type
        except SqlProblem:
            return None

    return lab.recall(("type", text), ask)


def refuses_text(lab: Lab, text: str, kind: str) -> str | None:
    """Returns why a text cannot be converted to a type, as DuckDB says it; None where it can.

    Args:
        lab: Where it is asked.
        text: The text.
        kind: DuckDB's name of the type, as `type_called` gives it.
    """
    return lab.recall(("text", text, kind), lambda: lab.refused(f"SELECT CAST(? AS {kind})", [text]))


def refuses_comparison(lab: Lab, text: str, number: str) -> str | None:
    """Returns why a text cannot be compared with a number, for it is none; None where it can.

    Args:
        lab: Where it is asked.
        text: The text.
        number: Digits, perhaps with a sign and a point.
    """
    query = f"SELECT CAST(? AS VARCHAR) = {number}"
    return lab.recall(("compare", text, number), lambda: lab.refused(query, [text]))


def sample_of(kind: str) -> str | None:
    """Returns a value of a type as SQL; None for a type of which none is known."""
    if kind.endswith("[]"):
        inner = sample_of(kind[:-2])
        return None if inner is None else f"[{inner}]"
    if kind == "VARCHAR":
        return f"'{OURS}'::VARCHAR"
    return _SAMPLES.get(_FAMILY.sub("", kind))


def refuses_type(lab: Lab, kind: str, to: str) -> str | None:
    """Returns why no value of a type can be converted to another one; None where some can, or unknown."""
    sample = _SAMPLES.get(_FAMILY.sub("", kind))
    if sample is None or kind == to:
        return None
    why = lab.recall(("cast", sample, to), lambda: lab.refused(f"SELECT CAST({sample} AS {to})"))
    return why if why is not None and why.startswith("Unimplemented type") else None
