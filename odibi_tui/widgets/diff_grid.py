"""A diff as a table: a sign in the gutter, changed cells as `old → new`; and what it may claim, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from odibi_core.runs.diff import TIMES
from odibi_tui import format as fmt
from odibi_tui.widgets.cells import is_numeric, value_text
from odibi_tui.widgets.grids import TextGrid

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from rich.style import Style

    from odibi_core.runs.diff import DataDiff, RowDiff
    from odibi_tui.widgets.lines import Part

_SIGN_TONES = {"+": "ok", "-": "error", "~": "warning"}
_MOST_COLUMNS_NAMED = 12


def diff_grid(diff: DataDiff, before: pa.Schema, after: pa.Schema, styles: Mapping[str, Style]) -> TextGrid:
    """Returns the rows that differ as a grid: sign, key columns, then the others; `styles` by tone."""
    numeric = {field.name for schema in (before, after) for field in schema if is_numeric(field.type)}
    columns = dict.fromkeys([*after.names, *before.names, *([TIMES] if any(diff.copies) else [])])
    ordered = [*diff.key, *(name for name in columns if name not in diff.key)]
    added, removed = set(diff.schema.added), set(diff.schema.removed)
    titles = [f"{'+ ' if n in added else '- ' if n in removed else ''}{n}" for n in ordered]
    rows = [[_sign(row, styles), *(_cell(row, name, styles) for name in ordered)] for row in diff.rows]
    right = frozenset(i for i, name in enumerate(ordered, 1) if name in numeric)
    return TextGrid(["", *titles], rows, right)


def samples_grid(before: pa.Table, after: pa.Table, styles: Mapping[str, Style]) -> TextGrid:
    """Returns two small samples under each other, where no rows can be compared."""
    names = list(dict.fromkeys([*before.column_names, *after.column_names]))
    rows: list[list[Text | str]] = []
    for title, table in (("before", before), ("after", after)):
        for row in table.to_pylist():
            cells = [
                _value(row[name], styles) if name in row else Text("·", styles["muted"]) for name in names
            ]
            rows.append([Text(title, styles["muted"]), *cells])
    numeric = {f.name for table in (before, after) for f in table.schema if is_numeric(f.type)}
    return TextGrid(["sample", *names], rows, frozenset(i for i, n in enumerate(names, 1) if n in numeric))


def schema_parts(diff: DataDiff, types: Mapping[str, str]) -> list[Part]:
    """Returns the schema's changes in one line, `types` telling those of added columns."""
    schema = diff.schema
    if not schema:
        return [(" schema ", "heading"), ("  the same columns and types", "muted")]
    parts: list[Part] = [(" schema ", "heading")]
    parts += [
        (f"  + {name} {types.get(name, '')}".rstrip(), "ok") for name in schema.added[:_MOST_COLUMNS_NAMED]
    ]
    parts += [(f"  - {name}", "error") for name in schema.removed[:_MOST_COLUMNS_NAMED]]
    arrow = fmt.sign("right", ascii_only=fmt.wants_ascii())
    parts += [
        (f"  {change.name} {change.before} {arrow} {change.after}", "warning")
        for change in schema.types[:_MOST_COLUMNS_NAMED]
    ]
    return parts


def claim_parts(diff: DataDiff) -> list[Part]:
    """Returns what was compared and found, and what cannot be said."""
    if diff.basis == "schema and counts":
        reason = diff.reason or "the rows are not stored"
        return [(" rows   ", "heading"), (f"  not compared: {reason}", "muted")]
    parts: list[Part] = [(" rows   ", "heading")]
    for sign, number in (("+", diff.added), ("-", diff.removed), ("~", diff.changed)):
        if number is not None:
            parts.append((f"  {sign}{number:,}", _SIGN_TONES[sign] if number else "muted"))
    parts.append((f"  ={diff.same or 0:,}", "muted"))
    found = " (found)" if diff.key_found else ""
    parts.append((f"   by {', '.join(diff.key)}{found}", ""))
    if diff.basis == "all rows":
        parts.append(("   all rows compared", "muted"))
    elif diff.basis == "previews":
        parts.append((f"   {diff.reason}", "warning"))
    else:
        parts.append((f"   a sample: one in {diff.buckets:,} keys on both sides", "warning"))
    if diff.truncated > 0:
        parts.append((f"   {len(diff.rows):,} of them shown", "muted"))
    if any(diff.copies):
        parts.append(("   rows that are copies of another one counted once", "muted"))
    if diff.not_compared:
        parts.append((f"   not compared: {', '.join(diff.not_compared)}", "warning"))
    return parts


def title_of(diff: DataDiff | None, before_rows: int | None, after_rows: int | None) -> str:
    """Returns the diff's tab: `Diff -10,287 rows -5 columns`."""
    title = "Diff"
    if before_rows is not None and after_rows is not None:
        title += f" {after_rows - before_rows:+,} rows" if after_rows != before_rows else " same rows"
    if diff is not None and (diff.schema.added or diff.schema.removed):
        added, removed = len(diff.schema.added), len(diff.schema.removed)
        signs = " ".join(f"{sign}{number}" for sign, number in (("+", added), ("-", removed)) if number)
        title += f" {signs} {'column' if added + removed == 1 else 'columns'}"
    return title


def _sign(row: RowDiff, styles: Mapping[str, Style]) -> Text:
    return Text(row.sign, styles[_SIGN_TONES[row.sign]])


def _cell(row: RowDiff, name: str, styles: Mapping[str, Style]) -> Text:
    if row.before is None or row.after is None:
        cells = row.after if row.before is None else row.before
        if cells is None or name not in cells:
            return Text("")
        text = _value(cells[name], styles)
        text.stylize(styles[_SIGN_TONES[row.sign]])
        return text
    if name not in row.changed:
        cells = row.after if name in row.after else row.before
        return _value(cells.get(name), styles)
    arrow = fmt.sign("right", ascii_only=fmt.wants_ascii())
    old, new = _value(row.before.get(name), styles), _value(row.after.get(name), styles)
    old.stylize(styles["error"])
    new.stylize(styles["ok"])
    return Text.assemble(old, (f" {arrow} ", styles["muted"]), new)


def _value(value: Any, styles: Mapping[str, Style]) -> Text:
    if value is None:
        return Text("null", style=styles["null"])
    return Text(value_text(value))
