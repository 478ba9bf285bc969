"""Options of a step as a whole: how long it may take, how often it is tried, where its function runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.errors import StepOptionError

if TYPE_CHECKING:
    from odibi_core.core.node import Step


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What a step's `metadata` says about running it; `timeout` and `isolate` may stand in `params` too.

    Attributes:
        timeout: Seconds an attempt may take.
        retries: Attempts after the first, None for the run's own number.
        retry_delay: Seconds before the second attempt, None for the run's own.
        isolate: Whether its function runs in a process of its own.
    """

    timeout: float | None = None
    retries: int | None = None
    retry_delay: float | None = None
    isolate: bool = False

    @classmethod
    def of(cls, step: Step) -> StepOptions:
        """Reads a step's options.

        Raises:
            StepOptionError: One of them is not what it should be.
        """
        timeout = _number(step, "timeout", *_find(step, "timeout", params=True))
        if timeout == 0:
            raise _error(step, "metadata.timeout", "`timeout` is 0: no step can be done in no time")
        retries = _number(step, "retries", *_find(step, "retries"))
        if retries is not None and retries != int(retries):
            raise _error(step, "metadata.retries", f"`retries` is a whole number, not {retries:g}")
        isolate, field = _find(step, "isolate", params=True)
        if isolate is not None and not isinstance(isolate, bool):
            raise _error(step, field, f"`isolate` is true or false, not {isolate!r}")
        return cls(
            timeout=timeout,
            retries=None if retries is None else int(retries),
            retry_delay=_number(step, "retry_delay", *_find(step, "retry_delay")),
            isolate=bool(isolate),
        )


def _find(step: Step, name: str, *, params: bool = False) -> tuple[Any, str]:
    if name in step.metadata:
        return step.metadata[name], f"metadata.{name}"
    if params and name in step.params:
        return step.params[name], f"params.{name}"
    return None, f"metadata.{name}"


def _number(step: Step, name: str, value: Any, field: str) -> float | None:
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value < 0
    ):
        raise _error(step, field, f"`{name}` is a number from 0, not {value!r}")
    return float(value)


def _error(step: Step, field: str, message: str) -> StepOptionError:
    return StepOptionError(message, step=step.name, field=field)
