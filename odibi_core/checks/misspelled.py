"""check_misspelled: a key of a step's free-form `metadata` that is an option of a step with a slip in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odibi_core.checks import codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.config.shape import distance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic

_SHORT, _LONG = 4, 7  # letters
# Words that are one slip, or in long ones two, from an option, and that people call their own data.
_ORDINARY = frozenset({
    "expert", "expects", "isolated", "isolates", "keg", "ken", "max_entries", "max_metrics", "max_series",
    "retired", "retires", "retried", "tabs", "tans", "taps", "tars", "timed_out",
})  # fmt: skip


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return any(map(str.isdigit, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


def _is_names(value: Any) -> bool:
    return isinstance(value, str | list)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


# What a step's metadata may mean something by, and what a value must be like to be meant so.
_MEANT: dict[str, Callable[[Any], bool]] = {
    "timeout": _is_number, "retries": _is_number, "max_retries": _is_number, "retry_delay": _is_number,
    "isolate": _is_flag, "key": _is_names, "tags": _is_names, "expect": _is_nested, "odibi": _is_nested,
}  # fmt: skip


def check_misspelled(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields the keys of `metadata` that are read past and were probably meant as options of the step."""
    for step in pipeline.steps:
        for name, value in step.metadata.items():
            meant = None if name in _MEANT else _meant(name, value, step)
            if meant is not None:
                yield codes.MISSPELLED_OPTION.found(
                    f"`{name}` means nothing in `metadata`", step=step.name, field=f"metadata.{name}",
                    span=place(step, "metadata", name, key=True), suggestion=meant,
                    help=f"did you mean `{meant}`",
                    fix=replacement(step.origin, meant, "metadata", name, key=True, safe=False),
                )  # fmt: skip


def _meant(name: str, value: Any, step: Step) -> str | None:
    """Returns the one option that a key is a slip away from and whose value this may be."""
    written = name.casefold().replace("-", "_").replace(" ", "_")
    if written in _ORDINARY:
        return None
    near = [
        option
        for option, fits in _MEANT.items()
        if option not in step.metadata and fits(value) and _is_near(written, option)
    ]
    return near[0] if len(near) == 1 else None


def _is_near(written: str, option: str) -> bool:
    slips = distance(written, option)
    if slips <= 1:
        # Of short words too many are a slip apart: `tag`, `keys`, `pkey`.
        return len(option) > _SHORT or (written[0] == option[0] and len(written) == len(option))
    return slips == 2 and len(option) >= _LONG and written[0] == option[0]
