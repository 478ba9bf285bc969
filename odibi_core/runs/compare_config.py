"""What differs in the configuration of a step between two runs, as fields and as text."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.errors import RunLogError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from odibi_core.journal.events import StepInfo
    from odibi_core.runs.compare import Changed

# What of a step's configuration can differ; the name is what makes it the same step.
_PLAIN = ("layer", "type", "engine", "value", "inputs", "outputs")
_NESTED = ("params", "metadata")


def written_steps(path: Path) -> dict[str, dict[str, Any]] | None:
    """Returns the steps of a run's `config.json`, by name; None if there is no such file.

    Raises:
        RunLogError: It cannot be read or is no such file.
    """
    try:
        document = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunLogError(f"cannot read `{path}`: {error.strerror or error}") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RunLogError(f"`{path}` is not a run's configuration: {error}") from error
    steps = document.get("steps") if isinstance(document, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise RunLogError(f"`{path}` is not a run's configuration: it has no list of `steps`")
    return {str(step["name"]): step for step in steps if "name" in step}


def compare_configuration(
    before: StepInfo,
    after: StepInfo,
    before_step: Mapping[str, Any] | None = None,
    after_step: Mapping[str, Any] | None = None,
) -> tuple[Changed, ...]:
    """Returns the fields of a step that differ.

    Args:
        before: The step as the first run's journal tells it.
        after: Likewise in the second run.
        before_step: The step as it was written, where that is known: with its params and metadata.
        after_step: Likewise in the second run.
    """
    from odibi_core.runs.compare import Changed

    if before_step is None or after_step is None:
        old: dict[str, Any] = {name: getattr(before, name) for name in (*_PLAIN, "key")}
        new: dict[str, Any] = {name: getattr(after, name) for name in (*_PLAIN, "key")}
    else:
        old, new = _flat(before_step), _flat(after_step)
    return tuple(
        Changed(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    )


def text_diff(changed: Changed) -> Iterator[tuple[str, str]]:
    """Yields what changed in a field's text, line by line: the sign (`-`, `+` or a space) and the line."""
    old, new = _lines_of(changed.before), _lines_of(changed.after)
    for line in difflib.unified_diff(old, new, n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield line[0], line[1:]


def _flat(step: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: step.get(name) for name in _PLAIN}
    for name in _NESTED:
        inner = step.get(name)
        if isinstance(inner, dict):
            flat.update({f"{name}.{key}": value for key, value in inner.items()})
        elif inner is not None:
            flat[name] = inner
    return flat


def _lines_of(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return value.splitlines() or [""]
    if isinstance(value, dict | list | tuple):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text.splitlines() if len(text) <= 72 else _pretty(value).splitlines()
    return [json.dumps(value, ensure_ascii=False, default=str)]


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
