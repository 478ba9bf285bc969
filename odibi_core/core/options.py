"""Options of a step as a whole: how long it may take, how often it is tried, where its function runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odibi_core.errors import StepOptionError
from odibi_core.plan.numbers import is_number

if TYPE_CHECKING:
    from odibi_core.core.node import Step


_NAMES = frozenset({"timeout", "isolate", "retries", "max_retries", "retry_delay"})
KEY_FORM = "column or a list of columns"


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What a step's `metadata`, or else its `params`, say about running it.

    Attributes:
        timeout: Seconds an attempt may take.
        retries: Attempts after the first (also `max_retries`), None for the run's own number.
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
        timeout, field = _find(step, "timeout")
        seconds = _number("timeout", timeout, field, step)
        if seconds == 0:
            raise _error(step, field, "`timeout` is 0: no step can be done in no time")
        retries, field = _find(step, "retries")
        if retries is None:
            retries, field = _find(step, "max_retries")
        times = _number("retries", retries, field, step)
        if times is not None and times != int(times):
            raise _error(step, field, f"`retries` is a whole number, not {times:g}")
        isolate, field = _find(step, "isolate")
        if isolate is not None and not isinstance(isolate, bool):
            raise _error(step, field, f"`isolate` is true or false, not {isolate!r}")
        if key_columns(step) is None:
            raise _error(step, "metadata.key", f"`key` is a {KEY_FORM}, not {step.metadata['key']!r}")
        delay, field = _find(step, "retry_delay")
        return cls(
            timeout=seconds,
            retries=None if times is None else int(times),
            retry_delay=_number("retry_delay", delay, field, step),
            isolate=bool(isolate),
        )


def key_columns(step: Step) -> tuple[str, ...] | None:
    """Returns the columns in `metadata.key`: none where it is not given, None where it is not in its form."""
    key = step.metadata.get("key")
    if key is None:
        return ()
    names = [key] if isinstance(key, str) else key
    if not isinstance(names, list) or not names:
        return None
    return tuple(names) if all(isinstance(name, str) and name for name in names) else None


def in_params(step: Step) -> frozenset[str]:
    """Returns the options of a step as a whole that may stand in its `params`.

    A function's params are its own, apart from the two that `functions` knows; so is a connection's timeout.
    """
    if step.type == "function":
        return frozenset({"timeout", "isolate"})
    return _NAMES - {"timeout"} if step.layer == "connect" else _NAMES


def _find(step: Step, name: str) -> tuple[Any, str]:
    if name in step.metadata:
        return step.metadata[name], f"metadata.{name}"
    if name in step.params and name in in_params(step):
        return step.params[name], f"params.{name}"
    return None, f"metadata.{name}"


def _number(name: str, value: Any, field: str, step: Step) -> float | None:
    if value is None:
        return None
    if not is_number(value) or value < 0:
        raise _error(step, field, f"`{name}` is a number from 0, not {value!r}")
    return float(value)


def _error(step: Step, field: str, message: str) -> StepOptionError:
    return StepOptionError(message, step=step.name, field=field)
