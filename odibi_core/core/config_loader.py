"""ConfigLoader and ConfigValidator: a config as a list of steps, or an exception that tells all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.core.node import ENGINES, LAYERS, TYPES
from odibi_core.errors import ConfigError, ConfigFieldError, ConfigFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from odibi_core.config import Document
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic


class ConfigLoader:
    """Loads the steps of a JSON, SQLite or CSV config."""

    def load(self, source_uri: str | Path, **kwargs: Any) -> list[Step]:
        """Returns the steps of a config.

        Args:
            source_uri: A .json, .db, .sqlite, .sqlite3 or .csv file, the suffix in any case.
            **kwargs: `project` (take only its rows), `enabled_only` (leave out what is not enabled, the
                default), `layer` (take only its steps).

        Raises:
            ConfigNotFoundError: (a FileNotFoundError) There is no such source.
            ConfigFieldError: (a KeyError) A step has no name.
            ConfigFormatError: (a ValueError) The source cannot be read, does not parse, or a field is not
                of its type. Its message has every problem, one a line, with its place.
        """
        from odibi_core.config import read_document

        document = read_document(source_uri, **kwargs)
        errors = [found for found in document.diagnostics if found.is_error]
        if errors:
            raise _load_error(document, errors)
        return list(document.steps)


class ConfigValidationError(ConfigError, ValueError):
    """A config whose steps do not fit together.

    Attributes:
        diagnostics: Everything that is wrong, in order of place.
    """

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


class ConfigValidator:
    """Checks that steps have known layers, types and engines, and fit together.

    Attributes:
        VALID_LAYERS: The layers.
        VALID_ENGINES: The engines.
        VALID_TYPES: The types.
    """

    VALID_LAYERS: ClassVar[frozenset[str]] = frozenset(LAYERS)
    VALID_ENGINES: ClassVar[frozenset[str]] = frozenset(ENGINES)
    VALID_TYPES: ClassVar[frozenset[str]] = frozenset(TYPES)

    def validate_config(self, steps: Sequence[Step]) -> None:
        """Raises ConfigValidationError if anything is wrong with the steps, with every problem, one a line.

        What only a run would miss (a value, a connection, a source file) is left to `odibi_core.checks`.
        """
        from odibi_core.checks import check_steps

        diagnostics = check_steps(steps)
        told = [(line, found) for found in diagnostics if (line := _contract_line(found)) is not None]
        if told:
            raise ConfigValidationError("\n".join(line for line, _ in told), [found for _, found in told])


def _contract_line(found: Diagnostic) -> str | None:
    """Returns a diagnostic in the words that callers of this exception rely on; None if it has none."""
    step = f"step `{found.step}`"
    text = {
        "ODB126": f"{step} has invalid layer: {found.message}",
        "ODB127": f"{step} has invalid type: {found.message}",
        "ODB128": f"{step} has invalid engine: {found.message}",
        "ODB201": f"Duplicate step names found: `{found.step}`",
        "ODB202": f"Duplicate output keys found: {found.message}, and so does {step}",
        "ODB203": f"{step} references undefined input: {found.message}",
        "ODB204": f"Circular dependency: {_path(found)}",
        "ODB206": "Config is empty",
    }.get(found.code)
    if text is None:
        return None
    text += f"; {found.help}" if found.help and found.code != "ODB206" else ""
    return text if found.span is None else f"{found.span}: {text}"


def _path(found: Diagnostic) -> str:
    """Returns the whole path of a cycle, back to where it began."""
    return " → ".join(
        str(name) for name in (found.step, *(place.step for place in found.related), found.step)
    )


def _load_error(document: Document, errors: list[Diagnostic]) -> ConfigError:
    lines = []
    for found in errors:
        where = str(found.span) if found.span is not None else document.path
        step = (
            f" (step `{found.step}`{f', field `{found.field}`' if found.field else ''})" if found.step else ""
        )
        lines.append(f"{where}: {found.message}{step}{f'; {found.help}' if found.help else ''}")
    first = errors[0]
    nameless = any(
        found.name == "missing-name" or (found.name == "misspelled-field" and found.suggestion == "name")
        for found in errors
    )
    kind = ConfigFieldError if nameless and document.parsed else ConfigFormatError
    error: ConfigError = kind("\n".join(lines), step=first.step, field=first.field)
    error.diagnostics = tuple(errors)
    return error
