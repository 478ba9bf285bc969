"""The command line of `odibi-tui`: what is asked for, and whether it is there, before the screen opens."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from odibi_core import __version__
from odibi_core.config.variables import read_variables
from odibi_core.errors import ConfigError, ConfigFormatError, ConfigNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["config", "run", "directory"]
_SNIFFED = 4096

_EXAMPLES = """\
examples:
  odibi-tui                                  recent pipelines, and those in this directory
  odibi-tui pipeline.json                    opens a pipeline
  odibi-tui pipeline.db --project retail     one project of a pipeline in SQLite
  odibi-tui sample_configs                   the pipelines in a directory
  odibi-tui tracker_logs/run_20260131_120412.json
                                             opens a past run
  odibi-tui pipeline.json --var day=2026-01-31 --vars values.json

`?` shows the keys of the place you are in, `ctrl+p` or `:` every command, `q` quits.
Exit codes: 0 fine, 2 it could not be opened. The command line is `odibi-core`."""


@dataclass(frozen=True)
class Arguments:
    """What was asked for.

    Attributes:
        kind: What `path` is: a config, a run (its log or its directory), or a directory to start in.
        path: As the person named it.
        base_dir: What relative paths of the config are relative to.
        log_dir: Where runs are.
        variables: `--vars`, and `--var` over them.
        project: `--project`.
    """

    kind: Kind
    path: Path
    base_dir: Path
    log_dir: Path
    variables: Mapping[str, Any] = field(default_factory=dict)
    project: str | None = None


def parse(words: Sequence[str]) -> Arguments:
    """Returns what the words of a command line ask for; ends the process on --help, --version and misuse.

    Raises:
        ConfigError: What is named is not there, or is nothing that can be opened.
    """
    parser = argparse.ArgumentParser(
        "odibi-tui",
        description="Opens a pipeline: see its mistakes, run it, watch it, look at the data of each step.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "path", nargs="?", metavar="CONFIG | RUN_LOG | DIRECTORY",
        help="a .json, .csv, .db or .sqlite config; a run_*.json or a run's directory; or where to start",
    )  # fmt: skip
    parser.add_argument(
        "--base-dir", metavar="DIR", help="what relative paths are relative to (the config's own directory)"
    )
    parser.add_argument(
        "--log-dir", metavar="DIR", help="where runs are kept (tracker_logs in the base directory)"
    )
    parser.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what ${var:NAME} stands for; may be repeated",
    )
    parser.add_argument("--vars", metavar="FILE", help="a JSON object of such values; --var goes before it")
    parser.add_argument(
        "--project", metavar="NAME", help="only the rows of this project, where the config is a table"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    asked = parser.parse_args(words)
    path = Path(asked.path) if asked.path is not None else Path()
    kind = kind_of(path)
    base_dir = Path(asked.base_dir) if asked.base_dir is not None else _base_of(kind, path)
    if not base_dir.is_dir():
        raise ConfigError(f"no such directory: {base_dir}", help="see --base-dir")
    if asked.log_dir is not None:
        log_dir = Path(asked.log_dir)
    else:
        log_dir = path.absolute().parent if kind == "run" else base_dir / "tracker_logs"
    return Arguments(kind, path, base_dir, log_dir, read_variables(asked.var, asked.vars), asked.project)


def kind_of(path: Path) -> Kind:
    """Returns what `path` is.

    Raises:
        ConfigError: There is no such file, or it is none that can be opened.
    """
    if path.is_dir():
        return "run" if (path / "events.jsonl").is_file() else "directory"
    if not path.exists():
        raise ConfigNotFoundError(f"Config source not found: {path}")
    if path.suffix.lower() == ".json" and _is_run_log(path):
        return "run"
    if path.name == "events.jsonl":
        raise ConfigFormatError(f"`{path}` is a run's journal", help=f"open its directory, `{path.parent}`")
    from odibi_core.config.reader import kind_of as kind_of_config

    kind_of_config(str(path))
    return "config"


def _is_run_log(path: Path) -> bool:
    """Whether a JSON file is an object with `steps` and `pipeline_id` rather than an array of steps."""
    try:
        with path.open("rb") as file:
            head = file.read(_SNIFFED)
        if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return False
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False  # reading it as a config says what is wrong with it
    return isinstance(found, dict) and {"steps", "pipeline_id"} <= found.keys()


def _base_of(kind: Kind, path: Path) -> Path:
    if kind == "directory":
        return path
    return path.parent if kind == "config" else Path()
