"""Reports: what the check of a config came to, for every form in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Any

    from odibi_core.checks.secrets import Masked
    from odibi_core.config import Document
    from odibi_core.diagnostics import Diagnostic, Fix


@dataclass(frozen=True)
class Request:
    """How configs are to be checked.

    Attributes:
        base_dir: What relative paths are relative to; each config's own directory if not given.
        project: Takes only the rows of this project.
        variables: What `${var:NAME}` stands for.
        data: Whether the data is looked at too.
        deep: Whether Spark may be asked.
        ignored: Codes that are not shown.
    """

    base_dir: Path | None = None
    project: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    data: bool = True
    deep: bool = False
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """What the check of a config came to.

    Attributes:
        document: The config as read; None where it could not be.
        path: The config as it was named.
        diagnostics: Everything found that is to be shown, in order of place.
        problem: Why the config could not be read.
        help: What to do about that.
        fixed: How many fixes were applied before.
        diff: What fixes would change, as a unified diff.
    """

    path: str
    document: Document | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    problem: str | None = None
    help: str | None = None
    fixed: int | None = None
    diff: str | None = None

    @cached_property
    def errors(self) -> int:
        """How many errors were found."""
        return sum(1 for found in self.diagnostics if found.is_error)

    @cached_property
    def warnings(self) -> int:
        """How many warnings were found."""
        return sum(1 for found in self.diagnostics if found.severity == "warning")

    @cached_property
    def source(self) -> Masked:
        """What the config holds, with its secrets masked."""
        from odibi_core.checks.secrets import Masked

        if self.document is None:
            raise ValueError("what was not read has no source")
        return Masked(self.document)

    def fixes(self, *, unsafe: bool = False) -> list[Fix]:
        """Returns the fixes that can be applied: the one right answers, and guesses where wanted."""
        wanted = ("safe", "unsafe") if unsafe else ("safe",)
        return [
            found.fix
            for found in self.diagnostics
            if found.fix is not None and found.fix.applicability in wanted
        ]

    def shown(self) -> Report:
        """Returns the report without fixes that would write a secret."""
        document = self.document
        if document is None or not any(found.fix for found in self.diagnostics):
            return self
        from odibi_core.checks.secrets import find_secrets

        secrets = {secret.text for secret in find_secrets(document.steps, document.text)}
        return replace(
            self,
            diagnostics=tuple(
                replace(found, fix=None) if _tells(found.fix, secrets) else found
                for found in self.diagnostics
            ),
        )


def _tells(fix: Fix | None, secrets: Collection[str]) -> bool:
    from odibi_core.checks.secrets import shows_secret

    if fix is None:
        return False
    return any(secret in fix.text for secret in secrets) or shows_secret(fix.text)


def report_on(path: str, request: Request, text: str | None = None) -> Report:
    """Reads and checks a config.

    Args:
        path: The config.
        request: How.
        text: The text to check instead of the file's.

    Raises:
        ConfigError: There is nothing to read.
    """
    from odibi_core.checks import check
    from odibi_core.config import read_document

    document = read_document(path, project=request.project, text=text)
    found = check(
        document, base_dir=request.base_dir, variables=request.variables, data=request.data,
        deep=request.deep,
    )  # fmt: skip
    kept = tuple(one for one in found if one.code not in request.ignored)
    return Report(path, document, kept)
