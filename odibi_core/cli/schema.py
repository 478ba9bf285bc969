"""`odibi-core schema`: prints a JSON Schema of configs, which editors complete and explain fields by."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(
    name="schema",
    epilog="""\b
Examples:
  odibi-core schema -o .vscode/odibi.schema.json
  odibi-core schema | jq '."$defs".step.properties'

In VS Code, in settings.json:
  "json.schemas": [{"fileMatch": ["pipelines/*.json"], "url": "./.vscode/odibi.schema.json"}]

Other editors have the like (docs/config.md). Make it anew after an upgrade: it has the options of the pandas
and pyarrow that are installed.""",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write to a file, whole or not at all, rather than to the screen.",
)  # fmt: skip
def command(output: Path | None) -> int:
    """Print a JSON Schema (2020-12) of a config, for completion and hover in editors."""
    from odibi_core.checks.editors.json_schema import config_schema

    text = json.dumps(config_schema(), indent=2, ensure_ascii=False)
    if output is None:
        from odibi_core.cli.check_text import echo

        echo(text)
        return 0
    from odibi_core.formats.atomic import replacing

    with replacing(output) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    return 0
