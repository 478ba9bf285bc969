"""`odibi-core init`: writes a first pipeline over data files. Runs nothing."""

from __future__ import annotations

from pathlib import Path

import click

from odibi_core.errors import ConfigError


@click.command(
    name="init",
    epilog="""\b
Examples:
  odibi-core init orders.csv
  odibi-core init data/orders.csv data/customers.parquet -o shop.json
  odibi-core init orders.csv --engine pandas && odibi-tui orders_pipeline.json

What it writes is to be edited: odibi-tui shows every mistake as you save.""",
)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="The config to write.  [default: NAME_pipeline.json here, after the first file]",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(["duckdb", "pandas", "spark"]), default="duckdb", show_default=True,
    help="What the steps run on.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(data: tuple[Path, ...], output: Path | None, engine: str, force: bool) -> int:
    """Write a first pipeline over data files: read, select, store.

    The columns of each file are written out in its SQL step, ready to be cut down, renamed and computed with.
    """
    from odibi_core.checks.editors.drafting import draft
    from odibi_core.formats.atomic import replacing

    target = (
        output if output is not None else Path(f"{data[0].name.partition('.')[0] or 'data'}_pipeline.json")
    )
    if target.suffix.lower() != ".json":
        raise ConfigError(f"`{target}` is not a .json file", help="pipelines are written as JSON")
    if target.exists() and not force:
        raise ConfigError(f"`{target}` is there already", help="name another with -o, or use --force")
    text = draft(data, target, engine=engine)
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"{target}: {len(data) * 3} steps")
    click.echo(f"see and edit it:  odibi-tui {target}", err=True)
    click.echo(f"run it:           odibi-core run {target}", err=True)
    return 0
