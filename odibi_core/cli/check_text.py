"""A diagnostic for the eye: place, message, the source line with carets, and what to do."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from typing import TYPE_CHECKING

import click

from odibi_core.config.places import TextSource
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from odibi_core.checks.secrets import Masked
    from odibi_core.cli.check_report import Report
    from odibi_core.config import Document
    from odibi_core.diagnostics import Diagnostic, Related, Span

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
_SHOWN_RELATED = 8
_TAB = "    "


def echo_diagnostics(document: Document, diagnostics: Sequence[Diagnostic], *, err: bool = False) -> None:
    """Prints diagnostics, each with its source line and an empty line after it; no secret is shown."""
    from odibi_core.checks.secrets import Masked

    if diagnostics:
        echo("\n".join(blocks(Masked(document), diagnostics)), err=err)


def blocks(source: Masked, diagnostics: Iterable[Diagnostic], *, width: int | None = None) -> Iterator[str]:
    """Yields a block of lines a diagnostic, ended by a line break.

    Args:
        source: What the config holds.
        diagnostics: What is to be shown.
        width: Columns there are; those of the terminal if not given.
    """
    columns = shutil.get_terminal_size((120, 24)).columns if width is None else width
    # Its lines are found once for all diagnostics.
    whole = None if source.text is None else TextSource("", source.text)
    for found in diagnostics:
        in_cell = found.span is not None and found.span.cell is not None
        text = TextSource("", source.cell(found.span)) if in_cell and found.span is not None else whole
        yield render(found, text, width=columns) + "\n"


def echo(text: str, *, err: bool = False) -> None:
    """Prints, with what the terminal's encoding lacks (or an odd file name) written as escapes.

    click drops colours where the output is no terminal; NO_COLOR is asked for here.
    """
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    safe = text.encode(encoding, "backslashreplace").decode(encoding)
    click.echo(safe, err=err, color=False if os.environ.get("NO_COLOR") else None)


def render(found: Diagnostic, source: TextSource | None, *, width: int = 120) -> str:
    """Returns a diagnostic as lines of text with ANSI colours.

    Args:
        found: The diagnostic.
        source: The config's text, or that of the cell the place is in; None where there is none.
        width: Columns of the terminal; long lines are cut around the place.
    """
    colour = _COLOURS[found.severity]
    head = click.style(f"{found.severity} {found.code}", fg=colour, bold=True)
    lines = [f"{_where(found)}: {head} {click.style(one_line(found.message), bold=True)}"]
    span = found.span
    shown = span
    if span is not None and span.cell is not None and source is not None:
        shown = source.span(span.cell.start, span.cell.end)
    number_text = str(shown.line) if shown is not None and shown.line is not None and shown is span else ""
    gutter = " " * len(number_text)
    bar = click.style("|", fg="blue")
    if source is not None and shown is not None and shown.line is not None:
        line, carets = _excerpt(source, shown, max(width - len(gutter) - 4, 40))
        if line.strip():
            number = click.style(number_text, fg="blue")
            lines += [
                f"{gutter} {bar}",
                f"{number} {bar} {line}",
                f"{gutter} {bar} {click.style(carets, fg=colour)}",
            ]
    equals = click.style("=", fg="blue")
    if found.step is not None:
        field = f", field {one_line(found.field)}" if found.field else ""
        lines.append(f"{gutter} {equals} step {one_line(found.step)}{field}")
    if found.help:
        lines.append(f"{gutter} {equals} help: {one_line(found.help)}")
    lines += [f"{gutter} {equals} {_also(related)}" for related in found.related[:_SHOWN_RELATED]]
    if len(found.related) > _SHOWN_RELATED:
        lines.append(f"{gutter} {equals} and {len(found.related) - _SHOWN_RELATED:,} more places")
    return "\n".join(lines)


def summary(report: Report) -> str:
    """Returns the line that ends the report of a config."""
    steps = len(report.document.steps) if report.document is not None else 0
    infos = sum(1 for found in report.diagnostics if found.severity == "info")
    counts = [
        (report.errors, "error", "red"),
        (report.warnings, "warning", "yellow"),
        (infos, "note", "blue"),
    ]
    told = ", ".join(click.style(_count(n, word), fg=colour) for n, word, colour in counts if n)
    mended = (
        f"{click.style(_count(report.fixed, 'problem') + ' fixed', fg='green')}, " if report.fixed else ""
    )
    line = f"{one_line(report.path)}: {_count(steps, 'step')}, {mended}" + (
        told or click.style("no problems", fg="green")
    )
    return line + _fixable(report)


def _fixable(report: Report) -> str:
    """Returns how many problems `--fix` would mend, where that is not what was just done."""
    safe, all_of_them = len(report.fixes()), len(report.fixes(unsafe=True))
    told = []
    if safe and report.fixed is None:
        told.append(f"{safe:,} can be fixed with --fix")
    if all_of_them > safe:
        more = "more " if told else ""
        told.append(f"{all_of_them - safe:,} {more}with --unsafe-fixes")
    return f" ({', '.join(told)})" if told else ""


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _where(found: Diagnostic) -> str:
    return one_line(str(found.span)) if found.span is not None else "config"


def _also(related: Related) -> str:
    where = f"{one_line(str(related.span))}: " if related.span is not None else ""
    step = f" (step {one_line(related.step)})" if related.step is not None and related.span is None else ""
    return f"{where}{one_line(related.message)}{step}"


def _excerpt(source: TextSource, span: Span, width: int) -> tuple[str, str]:
    """Returns the source line and the carets under it, cut to `width` columns around the place."""
    raw = source.line_text(span.line or 1)
    start = min((span.column or 1) - 1, len(raw))
    last = span.end_column - 1 if span.end_line == span.line and span.end_column is not None else len(raw)
    end = min(max(last, start), len(raw))
    left, right = 0, len(raw)
    if _columns(raw) > width:
        room = max(width - (end - start), 20)
        left = max(0, start - room // 2)
        right = min(len(raw), left + width - 2)
    before, middle, after = raw[left:start], raw[start : min(end, right)], raw[min(end, right) : right]
    head, tail = "…" if left else "", "…" if right < len(raw) else ""
    line = head + _shown(before) + _shown(middle) + _shown(after) + tail
    carets = " " * (len(head) + _columns(before)) + "^" * max(_columns(middle), 1)
    return line, carets


def _shown(text: str) -> str:
    """Returns text that shows as exactly `_columns(text)` columns, without terminal escapes."""
    return "".join(_character(char) for char in text)


def _columns(text: str) -> int:
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_width(char) for shown in map(_character, text) for char in shown)


def _character(char: str) -> str:
    if char == "\t":
        return _TAB
    return char if char.isprintable() else "\ufffd"


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
