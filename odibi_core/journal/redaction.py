"""Redactor: takes secrets out of everything that is written or shown, before the first sink."""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

from odibi_core.journal.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

MASK = "***"

# Below this a secret is redacted only where it is the whole text: taking every `5` or `no` out of a
# log would spoil it and, by the gaps, tell the secret.
_SUBSTRING_LENGTH = 4
_LINE_LENGTH = 8

# What identifies steps, datasets and files in an event. None of it comes from a filled-in placeholder,
# and without it a journal could not be folded.
_IDENTITY = frozenset(
    {
        "v",
        "seq",
        "ts",
        "type",
        "run_id",
        "pipeline",
        "source",
        "digest",
        "base_dir",
        "host",
        "pid",
        "versions",
    }
    | {"step", "attempt", "worker", "layer", "position", "dataset", "engine", "kind", "file"}
    | {"index_file", "reused_from"}
    | {"state", "level", "stream", "rows", "bytes", "fraction", "duration_ms", "delay_s", "rss_bytes"}
)
_IDENTITY_OF_STEP = frozenset({"name", "layer", "type", "engine", "inputs", "outputs", "needs", "key"})
_IDENTITY_OF_PLACE = frozenset({"code", "name", "severity", "step", "field", "path", "table"})


class Redactor:
    """Knows a run's secrets and replaces them by `***`, whichever way they are written.

    Besides a secret itself it knows its usual disguises: as Python and JSON literal, quoted for SQL,
    percent-encoded, base64, and each line of a secret of several lines. Threads may share one.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._whole: frozenset[str] = frozenset()
        self._parts: frozenset[str] = frozenset()
        self._encoded: tuple[bytes, ...] = ()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def __bool__(self) -> bool:
        return bool(self._encoded)

    def add(self, secret: str) -> None:
        """Makes a secret known. What was written before is not taken back."""
        if not secret.strip():
            return
        with self._lock:
            whole = set(self._whole) | {secret}
            parts = set(self._parts)
            for form in _disguises(secret):
                if len(form) >= _SUBSTRING_LENGTH:
                    parts.add(form)
            self._whole, self._parts = frozenset(whole), frozenset(parts)
            # Longest first: at one place the longest alternative is taken. The lookahead finds what
            # overlaps too, so that two secrets that share letters leave nothing of either.
            ordered = sorted(parts, key=lambda part: (-len(part), part))
            self._pattern = re.compile("(?=(" + "|".join(map(re.escape, ordered)) + "))") if ordered else None
            known = [_escaped(text) for text in parts] + [b'"' + _escaped(text) + b'"' for text in whole]
            self._encoded = tuple(sorted(set(known)))

    def text(self, text: str) -> str:
        """Returns `text` without secrets."""
        if text in self._whole:
            return MASK
        pattern = self._pattern
        if pattern is None:
            return text
        pieces: list[str] = []
        copied = end = 0  # text[:copied] is in pieces; text[:end] is dealt with
        for match in pattern.finditer(text):
            if match.start() >= end:
                pieces += (text[copied : match.start()], MASK)
            end = max(end, match.end(1))
            copied = end
        return "".join([*pieces, text[copied:]]) if pieces else text

    def value(self, value: Any) -> Any:
        """Returns a JSON value with every text in it redacted, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(k)): self.value(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value

    def line(self, line: bytes) -> bytes:
        """Returns a journal line, or an encoded event, without secrets.

        What is compared is the decoded text, so that no JSON escape hides a secret and no mask breaks one.
        """
        if not self._encoded or (b"\\" not in line and not any(secret in line for secret in self._encoded)):
            return line
        event = msgspec.json.decode(line)
        redacted = {k: v if k in _IDENTITY else self.value(v) for k, v in event.items()}
        if isinstance(event.get("steps"), list):
            redacted["steps"] = [
                {k: v if k in _IDENTITY_OF_STEP else self.value(v) for k, v in step.items()}
                for step in event["steps"]
            ]
        if isinstance(event.get("columns"), list):
            redacted["columns"] = [
                {**column, "name": self.text(column["name"])} for column in event["columns"]
            ]
        if isinstance(error := event.get("error"), dict):
            redacted["error"]["type"] = error.get("type")
            if isinstance(place := error.get("diagnostic"), dict):
                redacted["error"]["diagnostic"] |= {k: v for k, v in place.items() if k in _IDENTITY_OF_PLACE}
        return msgspec.json.encode(redacted) + (b"\n" if line.endswith(b"\n") else b"")

    def is_in(self, table: pa.Table) -> bool:
        """Whether a secret stands in a table's texts or column names, where `table` would mask it."""
        if not self:
            return False
        if any(self.text(name) != name for name in table.column_names):
            return True
        return any(self._column(column) is not column for column in table.columns)

    def table(self, table: pa.Table) -> pa.Table:
        """Returns a table with the secrets in its text columns and column names redacted.

        Numbers are left: they are data, and a mask would change the column's type.
        """
        if not self:
            return table
        import pyarrow as pa

        columns = [self._column(table.column(i)) for i in range(table.num_columns)]
        names = [self.text(name) for name in table.column_names]
        fields = [
            pa.field(name, column.type, field.nullable)
            for name, column, field in zip(names, columns, table.schema, strict=True)
        ]
        return pa.table(columns, schema=pa.schema(fields))

    def _column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        import pyarrow as pa

        if not _holds_text(column.type):
            return column
        if pa.types.is_dictionary(column.type):
            decoded = column.cast(column.type.value_type)
            redacted_text = self._column(decoded)
            return column if redacted_text is decoded else redacted_text
        if not pa.types.is_nested(column.type) and not self._suspects(column):
            return column
        cells = column.to_pylist()
        redacted = [self._cell(cell) for cell in cells]
        return column if redacted == cells else pa.chunked_array([pa.array(redacted, column.type)])

    def _suspects(self, column: pa.ChunkedArray) -> bool:
        """Whether any cell may hold a secret; a pass in C, because most columns hold none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if _is_binary(column.type):
            return True
        column = column.cast(pa.large_string())  # Arrow searches no views
        if any(pc.any(pc.match_substring(column, part)).as_py() for part in self._parts):
            return True
        short = [secret for secret in self._whole if len(secret) < _SUBSTRING_LENGTH]
        return bool(short) and bool(pc.any(pc.is_in(column, value_set=pa.array(short, column.type))).as_py())

    def _cell(self, cell: Any) -> Any:
        """Redacts a cell, keeping the Python types Arrow makes arrays from."""
        if isinstance(cell, str):
            return self.text(cell)
        if isinstance(cell, bytes):
            for part in sorted(
                (part.encode("utf-8", "surrogatepass") for part in self._parts), key=len, reverse=True
            ):
                cell = cell.replace(part, MASK.encode())
            return cell
        if isinstance(cell, dict):
            return {k: self._cell(v) for k, v in cell.items()}
        if isinstance(cell, list):
            return [self._cell(item) for item in cell]
        if isinstance(cell, tuple):  # an entry of a map
            return tuple(self._cell(item) for item in cell)
        return cell


def _escaped(text: str) -> bytes:
    return msgspec.json.encode(clean_text(text))[1:-1]


def _disguises(secret: str) -> set[str]:
    """Returns the ways a secret is commonly written inside other text."""
    forms = {
        secret,
        secret.strip(),  # a variable read from a file ends with a newline, what is printed does not
        clean_text(secret),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        secret.replace("'", "''"),
    }
    if len(secret) >= _SUBSTRING_LENGTH:
        raw = secret.encode("utf-8", "surrogatepass")
        forms |= {quote(raw, safe=""), quote(raw), quote_plus(raw), base64.b64encode(raw).decode("ascii")}
    forms |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= _LINE_LENGTH}
    return forms


def _holds_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return True
    if _is_binary(kind):
        return True
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    if pa.types.is_nested(kind):
        return any(_holds_text(kind.field(i).type) for i in range(kind.num_fields))
    return False


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))
