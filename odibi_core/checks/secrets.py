"""Literal secrets: where a config holds one, and how it is kept out of what is said and shown."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from odibi_core.checks.codes import safety_codes
from odibi_core.checks.pipeline import place
from odibi_core.checks.texts import texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.config import Document
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic, Span

_PLAIN_NAME = re.compile(
    r"(?:^|[_.\- ])(?:password|passwd|passwort|pwd|pass|passphrase|secret|client_?secret|secret_?key"
    r"|secret_?access_?key|api_?key|access_?key|account_?key|private_?key|auth_?token|access_?token"
    r"|refresh_?token|bearer_?token|session_?token|sas_?token|token|credentials?|authorization|cookie)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What names like `token` also mean in the params of a function or a reader is short, or has spaces.
_CERTAIN_NAME = re.compile(r"pass|pwd|secret|api_?key|private_?key|authorization")
_LEAST = 8
_HARMLESS = re.compile(r"\*+|x{3,}|\.{3}|<[^>]*>|(?:none|null|true|false|yes|no|env|prompt|keyring)", re.I)
# In these the keys are names of columns.
_OF_COLUMNS = frozenset({
    "dtype", "dtypes", "types", "columns", "names", "usecols", "parse_dates", "converters", "rename", "cast",
    "fill", "derive", "select", "drop", "sort", "dedupe", "filter", "na_values", "schema", "one_of",
    "between", "matches", "not_null", "unique", "keys", "by", "aggregate",
})  # fmt: skip


class _Pattern(NamedTuple):
    """What a secret looks like; it holds one of `hints`, which are quicker to look for.

    Those without hints are looked for only where the key beside the text speaks of a secret: each word to
    look for in a config of 3 MB costs a millisecond.
    """

    what: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    in_connections: bool = False


_PATTERNS = (
    _Pattern(
        "a private key", ("PRIVATE KEY",),
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,9999}?-----END [A-Z ]*KEY-----)?"),
    ),
    _Pattern("an AWS access key", ("AKIA",), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    _Pattern(
        "a GitHub token", ("ghp_",),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})\b"),
    ),
    _Pattern("a Slack token", (), re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    _Pattern("a secret key", (), re.compile(r"\bsk(?:_live_|-)[A-Za-z0-9_-]{20,}")),
    _Pattern("an API key", (), re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    _Pattern(
        "a token", ("eyJ",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]+"),
    ),
    _Pattern(
        "a token", (),
        re.compile(r"(?i)\bbearer\s+(?!\$\{)(?P<secret>[A-Za-z0-9._~+/=-]{8,})"),
    ),
    _Pattern(
        "a password", ("@",),
        re.compile(r"(?i)\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@'\"]{0,200}:(?P<secret>[^\s/@'\"]{1,500})@"),
    ),
    _Pattern(
        "a secret", ("?", "&"),
        re.compile(
            r"(?i)[?&](?:api_?key|access_token|auth_token|token|password|secret|sig|signature)="
            r"(?P<secret>[^&\s'\"#]{4,})"
        ),
    ),
    _Pattern(
        "a password", ("=",),
        re.compile(r"(?i)(?:^|[;\s])(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*(?P<secret>[^;\s'\"]{1,500})"),
        in_connections=True,
    ),
)  # fmt: skip
_PAIR = re.compile(
    r"""(?<![\w.-])(?P<name>[A-Za-z][\w.-]{0,60})["'”]?\s{0,20}(?::|=>?)\s{0,20}(?P<quote>["'“])(?P<secret>(?:\\.|[^"'”\\\n])+)"""
)
_CONNECTED = frozenset({"connection_string", "url", "dsn", "odbc", "conninfo"})


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that stands in a step.

    Attributes:
        step: The step.
        path: The field and what leads to the text in it.
        start: First character of the secret in that text.
        end: Character after its last.
        what: What it is, with an article.
        text: The secret itself.
    """

    step: Step
    path: tuple[str | int, ...]
    start: int
    end: int
    what: str
    text: str

    def span(self) -> Span | None:
        """Returns where it stands; None in a step that was built by hand."""
        return place(self.step, *self.path, start=self.start, end=self.end)


def check_secrets(pipeline: Pipeline, text: str | None = None) -> Iterator[Diagnostic]:
    """Yields the secrets that stand in the steps; nothing that is said shows one.

    Args:
        pipeline: The steps.
        text: The text they were read from, which is quicker to search than they are.
    """
    for secret in find_secrets(pipeline.steps, text):
        field = ".".join(map(str, secret.path))
        yield safety_codes.LITERAL_SECRET.found(
            f"`{field}` holds {secret.what}", step=secret.step.name, field=field, span=secret.span(),
            help=f"write ${{env:{_name_for(secret)}}} in its place, and set that variable before the run",
        )  # fmt: skip


def find_secrets(steps: Iterable[Step], text: str | None = None) -> Iterator[Secret]:
    """Yields the secrets in `value` and `params` of steps; `text` is what they were read from."""
    patterns = [
        pattern
        for pattern in _PATTERNS
        if pattern.hints and (text is None or any(hint in text for hint in pattern.hints))
    ]
    for step in steps:
        if patterns:
            yield from _in_text(step, ("value",), step.value, patterns)
        for name, value in step.params.items():
            if isinstance(value, str):
                if patterns or _certainty(name):
                    yield from _in_text(
                        step, ("params", name), value, _PATTERNS if _certainty(name) else patterns
                    )
            elif isinstance(value, dict | list):
                for path, nested in texts_in(value, ("params", name)):
                    named = _certainty(str(path[-1]))
                    if patterns or named:
                        yield from _in_text(step, path, nested, _PATTERNS if named else patterns)


def hidden(diagnostics: Sequence[Diagnostic], secrets: Iterable[str]) -> list[Diagnostic]:
    """Returns the diagnostics with no secret in what they say."""
    from odibi_core.journal.redaction import Redactor  # heavier than a check that finds no secret needs

    redactor = Redactor(set(secrets))
    if not redactor:
        return list(diagnostics)

    def clean(text: str | None) -> str | None:
        return None if text is None else redactor.text(text)

    cleaned = []
    for found in diagnostics:
        message, help, suggestion = redactor.text(found.message), clean(found.help), clean(found.suggestion)
        fix = found.fix
        if fix is not None and redactor.text(fix.message) != fix.message:
            fix = replace(fix, message=redactor.text(fix.message))
        if (message, help, suggestion, fix) != (found.message, found.help, found.suggestion, found.fix):
            found = replace(found, message=message, help=help, suggestion=suggestion, fix=fix)
        if any(redactor.text(other.message) != other.message for other in found.related):
            related = tuple(replace(other, message=redactor.text(other.message)) for other in found.related)
            found = replace(found, related=related)
        cleaned.append(found)
    return cleaned


class Masked:
    """The source of a config with `*` in place of each character of its secrets.

    Attributes:
        text: The text; None for databases.
    """

    def __init__(self, document: Document) -> None:
        text, steps = document.text, document.steps
        self._cells: dict[tuple[str | None, int | None, str], list[tuple[int, int]]] = {}
        for secret in find_secrets(steps, text):
            span = secret.span()
            if span is None:
                continue
            if span.cell is not None:
                places = self._cells.setdefault((span.table, span.row, span.cell.column), [])
                places.append((span.cell.start, span.cell.end))
            elif text is not None and span.start is not None and span.end is not None:
                text = _mask(text, span.start, span.end)
        # What could not be read may hold a secret that no step has.
        is_read = document.parsed and bool(steps)
        self.text = text if text is None or is_read else _mask_pairs(text)

    def cell(self, span: Span) -> str:
        """Returns what the cell of a place holds; empty where it is in none."""
        if span.cell is None:
            return ""
        text = span.cell.text
        for start, end in self._cells.get((span.table, span.row, span.cell.column), ()):
            text = _mask(text, start, end)
        return _mask_pairs(text) if text.lstrip().startswith("{") else text


def shows_secret(text: str) -> bool:
    """Whether a piece of a config, which may not be JSON, shows what looks like a secret."""
    return _mask_pairs(text) != text


def _mask_pairs(text: str) -> str:
    """Masks what looks like a secret in text that may not be JSON."""
    for match in list(_PAIR.finditer(text)):
        if _certainty(match["name"]) and _is_secret(match["secret"]):
            text = _mask(text, *match.span("secret"))
    for pattern in _PATTERNS:
        for match in list(pattern.pattern.finditer(text)):
            start, end = match.span("secret" if "secret" in pattern.pattern.groupindex else 0)
            if _is_secret(text[start:end]):
                text = _mask(text, start, end)
    return text


def _mask(text: str, start: int, end: int) -> str:
    hidden_part = "".join("\n" if char == "\n" else "*" for char in text[start:end])
    return text[:start] + hidden_part + text[end:]


def _in_text(
    step: Step, path: tuple[str | int, ...], text: str, patterns: Iterable[_Pattern]
) -> Iterator[Secret]:
    if not text:
        return
    taken: list[tuple[int, int]] = []
    for what, _, pattern, in_connections in patterns:
        if in_connections and not _is_connection(step, path):
            continue
        for match in pattern.finditer(text):
            start, end = match.span("secret" if "secret" in pattern.groupindex else 0)
            if _is_secret(text[start:end]) and not any(a < end and start < b for a, b in taken):
                taken.append((start, end))
                yield Secret(step, path, start, end, what, text[start:end])
    if not taken and path[0] == "params" and _names_a_secret(step, path, text):
        yield Secret(step, path, 0, len(text), _what(str(path[-1])), text)


def _is_secret(text: str) -> bool:
    return "${" not in text and _HARMLESS.fullmatch(text) is None


def _is_connection(step: Step, path: tuple[str | int, ...]) -> bool:
    return (step.layer == "connect" and path == ("value",)) or path[-1] in _CONNECTED


def _names_a_secret(step: Step, path: tuple[str | int, ...], text: str) -> bool:
    """Whether the key that a text stands under says that it is a secret."""
    name = path[-1]
    if not isinstance(name, str) or not (certainty := _certainty(name)):
        return False
    if not _is_secret(text) or text.isspace() or (step.layer == "transform" and step.type == "config_op"):
        return False  # operations: keys are columns
    if any(part in _OF_COLUMNS for part in path[1:-1]):
        return False
    return certainty > 1 or (len(text) >= _LEAST and not any(map(str.isspace, text)))


@functools.lru_cache(maxsize=4096)
def _certainty(name: str) -> int:
    """Returns how certain it is that what has this name is a secret: 0 not, 1 perhaps, 2 quite."""
    plain = _CAMEL.sub("_", name).lower().replace("-", "_")
    if _PLAIN_NAME.search(plain) is None:
        return 0
    return 2 if _CERTAIN_NAME.search(plain) is not None else 1


def _what(name: str) -> str:
    folded = name.lower()
    if "pass" in folded or "pwd" in folded:
        return "a password"
    if "token" in folded:
        return "a token"
    return "a key" if "key" in folded else "a secret"


def _name_for(secret: Secret) -> str:
    """Returns a name for the environment variable that the secret should be in."""
    last = str(secret.path[-1]) if secret.path[0] == "params" else secret.what.split()[-1]
    if secret.path[0] == "params" and not _certainty(last):
        last = secret.what.split()[-1]
    name = f"{secret.step.name}_{last}".upper()
    name = re.sub(r"[^A-Z0-9]+", "_", name).strip("_")
    return name if name[:1].isalpha() else f"SECRET_{name}".strip("_")
