"""What `--var NAME=VALUE` and `--vars FILE` say: the values of `${var:NAME}`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.errors import ConfigError, ConfigFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_variables(pairs: Iterable[str], file: str | Path | None = None) -> dict[str, Any]:
    """Returns the variables of a file, and those given as NAME=VALUE over them.

    Raises:
        ConfigError: A pair has no name or no `=`, or the file cannot be read.
        ConfigFormatError: The file is not a JSON object.
    """
    variables = {} if file is None else _variables_of(Path(file))
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ConfigError(
                "a --var is not of the form NAME=VALUE", help="such as --var day=2026-01-31"
            )  # what it holds may be a secret
        variables[name] = value
    return variables


def _variables_of(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read `{file}`: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigFormatError(f"`{file}` is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        said = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        raise ConfigFormatError(f"`{file}{place}` is not JSON: {said[:1].lower()}{said[1:]}") from error
    if not isinstance(found, dict):
        raise ConfigFormatError(f"`{file}` is not a JSON object", help='write {"name": "value"}')
    return found
