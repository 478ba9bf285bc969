"""`odibi-core explain`: what a code says, why it is a problem, an example, and what to do."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import click

from odibi_core.errors import ConfigError
from odibi_core.text import one_line

if TYPE_CHECKING:
    from odibi_core.diagnostics import CodeInfo

_WIDTH = 88
_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


@click.command(
    name="explain",
    epilog="""\b
Examples:
  odibi-core explain ODB304
  odibi-core explain unknown-column odb203
  odibi-core explain --all
  odibi-core explain ODB304 --format json

docs/diagnostics.md has the same of every code.""",
)
@click.argument("codes", metavar="[CODE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="List every code, a line each.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="json prints one array.",
)  # fmt: skip
def command(codes: tuple[str, ...], everything: bool, form: str) -> int:
    """Explain findings of `odibi-core check` by CODE, or by name, in any case."""
    from odibi_core.checks.catalogue import CODES

    if not codes and not everything:
        raise click.UsageError("name a code such as ODB304, or list them with --all")
    found = [_find(code) for code in codes] + (list(CODES.values()) if everything else [])
    if form == "json":
        _echo(json.dumps([_as_dict(info) for info in found], indent=2))
    elif everything and not codes:
        _echo("\n".join(_lines(found)))
    else:
        _echo("\n\n".join(_told(info) for info in found))
    return 0


def _find(text: str) -> CodeInfo:
    from odibi_core.checks.editors.ignores import code_of, nearest_code

    info = code_of(text)
    if info is not None:
        return info
    close = nearest_code(text)
    raise ConfigError(
        f"there is no code `{one_line(text)}`",
        help=f"did you mean `{close}`" if close else "`odibi-core explain --all` lists them",
    )


def _lines(found: list[CodeInfo]) -> list[str]:
    from odibi_core.checks.catalogue import FAMILIES

    lines: list[str] = []
    family = ""
    width = max(len(info.name) for info in found)
    for info in found:
        if info.code[3] != family:
            family = info.code[3]
            heading = click.style(f"{family}xx: {FAMILIES[family]}", bold=True)
            lines += ["", heading] if lines else [heading]
        severity = click.style(f"{info.severity:7}", fg=_COLOURS[info.severity])
        lines.append(f"  {info.code}  {severity}  {info.name:{width}}  {info.summary}")
    return lines


def _told(info: CodeInfo) -> str:
    head = click.style(f"{info.code} {info.name}", bold=True)
    severity = click.style(info.severity, fg=_COLOURS[info.severity], bold=True)
    return "\n".join(
        [
            f"{head} ({severity}): {info.summary}",
            "",
            _wrapped(info.cause),
            "",
            click.style("Example", bold=True),
            "",
            textwrap.indent(click.style(_example(info.example), fg="cyan"), "    "),
            "",
            click.style("What to do", bold=True),
            "",
            _wrapped(info.remedy),
        ]
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _example(text: str) -> str:
    """Returns an example with a step a line, where it is a list of several."""
    if len(text) <= _WIDTH:
        return text
    try:
        steps = json.loads(text)
    except ValueError:
        return text
    if not isinstance(steps, list):
        steps = [steps]
        pieces = [f" {line}" if number else line for number, line in enumerate(_fields(steps[0]))]
        return "\n".join(pieces)
    listed = ["\n   ".join(_fields(step)) for step in steps]
    return "[\n  " + ",\n  ".join(listed) + "\n]"


def _fields(step: Any) -> list[str]:
    """Returns an object's members filled into lines."""
    if not isinstance(step, dict):
        return [json.dumps(step, ensure_ascii=False)]
    lines: list[str] = []
    for name, value in step.items():
        member = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        if lines and len(lines[-1]) + len(member) + 2 <= _WIDTH - 4:
            lines[-1] += f" {member},"
        else:
            lines.append(f"{member},")
    lines[0] = "{" + lines[0]
    lines[-1] = lines[-1][:-1] + "}"
    return lines


def _as_dict(info: CodeInfo) -> dict[str, Any]:
    return {
        "code": info.code, "name": info.name, "severity": info.severity, "summary": info.summary,
        "cause": info.cause, "example": info.example, "remedy": info.remedy,
    }  # fmt: skip


def _echo(text: str) -> None:
    from odibi_core.cli.check_text import echo

    echo(text)
