"""The group `odibi-core`: finds the command, and turns errors into one line and an exit code.

Exit codes, everywhere: 0 fine, 1 errors found or the run failed, 2 the command could not do its work,
130 cancelled.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from odibi_core import __version__
from odibi_core.cli.lazy import LazyGroup
from odibi_core.errors import OdibiError, RunCancelledError
from odibi_core.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

FINE, FOUND_ERRORS, COULD_NOT_WORK, CANCELLED = 0, 1, 2, 130

# Command -> its module (which has `command`) and its line in --help, so that help imports none of them.
_COMMANDS = {
    "check": ("odibi_core.cli.check", "Check pipelines and show every mistake at its place."),
    "run": ("odibi_core.cli.run", "Run a pipeline."),
    "runs": ("odibi_core.cli.runs", "List past runs, look into them, export them."),
    "explain": ("odibi_core.cli.explain", "Explain findings of check by their codes."),
    "schema": ("odibi_core.cli.schema", "Print a JSON Schema of configs, for editors."),
    "init": ("odibi_core.cli.init", "Write a first pipeline over data files."),
    "graph": ("odibi_core.cli.graph", "Print a pipeline's graph as Mermaid, DOT or JSON."),
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  odibi-core check pipeline.json
  odibi-core run pipeline.json --var day=2026-01-31
  odibi-core runs show latest

Exit codes: 0 fine, 1 errors found or the run failed, 2 the command could not do its work, 130 cancelled.
The terminal application is `odibi-tui`.""",
)
@click.version_option(__version__, prog_name="odibi-core", message="%(prog)s %(version)s")
def cli() -> None:
    """Check, run and look into pipelines that are written as data."""


def run(arguments: Sequence[str]) -> int:
    """Runs `odibi-core` with `arguments` and returns its exit code."""
    written = sys.stdout
    try:
        code: Any = cli.main(args=list(arguments), prog_name="odibi-core", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return COULD_NOT_WORK
    except SystemExit:
        if sys.stdout is written:
            raise
        return FINE  # the reader of our output has gone (`| head`): Click met it, and would end with 1
    except (click.Abort, KeyboardInterrupt, RunCancelledError):
        click.echo("cancelled", err=True)
        return CANCELLED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); flushing at exit must not fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (OdibiError, OSError) as error:
        click.echo(f"error: {plain(_sentence(error))}", err=True)
        return COULD_NOT_WORK
    return code if isinstance(code, int) else FINE


def _sentence(error: Exception) -> str:
    """Says an error in one line: an OSError by its reason and file, ours by themselves."""
    if isinstance(error, OSError) and not isinstance(error, OdibiError) and error.strerror:
        return f"{error.strerror}: `{error.filename}`" if error.filename is not None else error.strerror
    return str(error)
