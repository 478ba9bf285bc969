"""read_document: a source by its suffix -> a document. What is wrong in it is a diagnostic, not an error."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from odibi_core.config.document import Document
from odibi_core.config.encoding import decode
from odibi_core.config.json_source import JsonSteps, first_place
from odibi_core.config.places import TextSource
from odibi_core.errors import ConfigFormatError, ConfigNotFoundError

if TYPE_CHECKING:
    from odibi_core.config.document import Kind
    from odibi_core.diagnostics import Diagnostic

KINDS: dict[str, Kind] = {
    ".json": "json", ".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".csv": "csv",
}  # fmt: skip


def read_document(
    source: str | Path,
    *,
    project: str | None = None,
    enabled_only: bool = True,
    layer: str | None = None,
    text: str | None = None,
) -> Document:
    """Reads a config.

    Args:
        source: A .json, .csv, .db, .sqlite or .sqlite3 file, the suffix in any case.
        project: Takes only the rows of this project.
        enabled_only: Leaves out rows whose `enabled` is no.
        layer: Takes only the steps of this layer.
        text: The text to read instead of the file's, such as that of an editor.

    Raises:
        ConfigNotFoundError: There is no such source.
        ConfigFormatError: It is of an unknown kind, a directory, unreadable, or not a database.
    """
    path = str(source)
    kind = kind_of(path)
    if kind == "sqlite":
        from odibi_core.config.sqlite_source import read_sqlite

        check_is_file(path)
        return read_sqlite(path, project=project, enabled_only=enabled_only, layer=layer)
    data = _read_bytes(path) if text is None else text.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(data).hexdigest()
    if text is None:
        text, diagnostics = decode(path, data, bom_is_error=kind == "json")
        if text is None:
            return Document(path, kind, None, digest, (), diagnostics, parsed=False)
    else:
        diagnostics = ()
    if kind == "csv":
        from odibi_core.config.csv_source import read_csv

        return read_csv(
            TextSource(path, text),
            digest,
            diagnostics,
            project=project,
            enabled_only=enabled_only,
            layer=layer,
        )
    return _read_json(TextSource(path, text), digest, diagnostics, project=project, layer=layer)


def kind_of(path: str) -> Kind:
    """Returns what kind of source a path names.

    Raises:
        ConfigFormatError: Its suffix is none that Odibi reads.
    """
    suffix = Path(path).suffix
    kind = KINDS.get(suffix.lower())
    if kind is None:
        check_is_file(path)
        shown = f"suffix `{suffix}`" if suffix else f"no suffix in `{Path(path).name}`"
        raise ConfigFormatError(
            f"Unsupported config source: {shown}", help=f"supported are {', '.join(KINDS)}"
        )
    return kind


def check_is_file(path: str) -> None:
    """Raises what read_document raises for a source that is not there or is no file."""
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigNotFoundError(f"Config source not found: {path}") from None
    except (OSError, ValueError) as error:
        raise ConfigFormatError(f"cannot read `{path}`: {_reason(error)}") from error
    if stat.S_ISDIR(mode):
        raise ConfigFormatError(f"`{path}` is a directory", help="name a config file in it")
    if not stat.S_ISREG(mode):
        raise ConfigFormatError(f"`{path}` is not a regular file")


def _read_bytes(path: str) -> bytes:
    check_is_file(path)
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ConfigNotFoundError(f"Config source not found: {path}") from None
    except (OSError, MemoryError) as error:
        raise ConfigFormatError(f"cannot read `{path}`: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or "it does not fit into memory"


def _read_json(
    source: TextSource,
    digest: str,
    before: tuple[Diagnostic, ...],
    *,
    project: str | None,
    layer: str | None,
) -> Document:
    found = JsonSteps(source)
    found.read()
    builder = found.builder
    if project is not None:
        from odibi_core.config.filters import no_project_in_json

        builder.diagnostics.append(no_project_in_json(source, project))
    steps = builder.steps
    if layer is not None:
        from odibi_core.config.filters import keep_layer

        steps = keep_layer(builder, layer)
    diagnostics = sorted(builder.diagnostics, key=lambda found: first_place(found.span))
    return Document(
        source.path, "json", source.text, digest, tuple(steps), (*before, *diagnostics),
        parsed=found.parsed, gaps=builder.gaps,
    )  # fmt: skip
