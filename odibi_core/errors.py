"""Every exception Odibi raises itself, in one hierarchy.

Each class also derives from the built-in exception a caller would expect (`FileNotFoundError`,
`ValueError`, ...), so code that knows nothing of Odibi can catch it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from odibi_core.diagnostics import Diagnostic


class OdibiError(Exception):
    """Base of all errors raised by Odibi.

    Attributes:
        step: Name of the step the error belongs to, if any.
        field: Field of that step, if any.
        help: What to do about it, if known.
    """

    def __init__(
        self, message: str, *, step: str | None = None, field: str | None = None, help: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.step = step
        self.field = field
        self.help = help

    def __str__(self) -> str:
        return self.message if self.help is None else f"{self.message}; {self.help}"


class ConfigError(OdibiError):
    """A config source that cannot be turned into steps.

    Attributes:
        diagnostics: What is wrong with it, where that is known.
    """

    diagnostics: tuple[Diagnostic, ...] = ()


class ConfigNotFoundError(ConfigError, FileNotFoundError):
    """The config source does not exist."""


class ConfigFormatError(ConfigError, ValueError):
    """The config source is not in a form Odibi reads, or is damaged."""


class ConfigFieldError(ConfigError, KeyError):
    """A step lacks a required field."""

    __str__ = OdibiError.__str__  # KeyError would print the repr


class SelectionError(OdibiError, ValueError):
    """A selection of steps says something that there is not, or needs what nobody has kept."""


class StepError(OdibiError):
    """A step could not do its work."""


class MissingInputError(StepError, KeyError, ValueError):
    """A step needs a key that is not in `data_map`."""

    __str__ = OdibiError.__str__


class StepTimeoutError(StepError, TimeoutError):
    """A step took longer than its `timeout`; its work has been ended."""


class StepCrashedError(StepError, RuntimeError):
    """The process a step ran in ended without an answer (a segfault, `os._exit`, out of memory)."""


class StepOptionError(StepError, ValueError):
    """A step has a value or an option its layer and type cannot work with."""


class ParamError(StepOptionError):
    """Something in `params` that cannot be, whatever the data; it knows exactly where it stands.

    Attributes:
        kind: What it is: a column that is not there or of an unfit type, a word that is none of the
            known ones, an operation that is none, two columns of one name, no column left, or a value of the
            wrong shape.
        path: Where it stands, such as `("params", "operations", 0, "select", 1)`.
        is_key: Whether it is the key at that path rather than its value.
        name: What is written there, where it is a name.
        known: The names there are instead.
    """

    def __init__(
        self,
        message: str,
        *,
        step: str | None = None,
        field: str | None = None,
        help: str | None = None,
        kind: Literal["column", "type", "word", "operation", "twice", "empty", "value"] = "value",
        path: tuple[str | int, ...] = (),
        is_key: bool = False,
        name: str | None = None,
        known: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, step=step, field=field or ".".join(map(str, path)) or None, help=help)
        self.kind = kind
        self.path = path
        self.is_key = is_key
        self.name = name
        self.known = known


class ExpectationError(StepError, ValueError):
    """The data of a step is not as its config expects."""


class FunctionNotFoundError(StepError, LookupError):
    """A function step names something that cannot be imported or is not callable."""


class EngineError(OdibiError):
    """An engine cannot do what was asked of it."""


class ProfileError(EngineError, ValueError):
    """The statistics of a dataset's columns cannot be told."""


class UnknownEngineError(EngineError, ValueError):
    """No engine has that name."""


class SecretError(OdibiError, ValueError):
    """A secret or variable is not set."""


class FormatError(OdibiError, ValueError):
    """A file or table cannot be read or written in the format asked for."""


class SourceNotFoundError(OdibiError, FileNotFoundError):
    """A file, directory or table to read is not there."""


class TargetExistsError(FormatError, FileExistsError):
    """A target exists and `mode` is `error`."""


class MissingDependencyError(OdibiError, ImportError):
    """An optional package is needed; the message names the extra that installs it."""


class RunError(OdibiError):
    """A run could not be started, followed or read."""


class RunCancelledError(RunError):
    """The run was cancelled."""


class JournalError(RunError, OSError):
    """The journal of a run cannot be written or claimed."""


class RunLogError(RunError, ValueError):
    """A file is not a run log, or is damaged beyond reading."""


class RemoteStepError(StepError):
    """An exception from another process, carried here as text.

    Attributes:
        type_name: The original exception's qualified type name.
        traceback_text: The original traceback as text.
    """

    def __init__(
        self, message: str, *, type_name: str, traceback_text: str = "", step: str | None = None
    ) -> None:
        super().__init__(message, step=step)
        self.type_name = type_name
        self.traceback_text = traceback_text
