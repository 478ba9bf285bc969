"""Case: one directory below `cases/` as a config on disk, checked as `odibi-core check` would.

A directory is called after the code it proves, `ODB304-unknown-column`, or, where a code needs more than
one, `ODB304-unknown-column.store`. In it:

- `mistake.json` (or `.csv`, `.db`): a config with the mistake, as small as it can be and right otherwise.
- `lookalike.json` (of any kind): looks like the mistake and is right; it has no diagnostic at all, apart from
  the codes in `lookalike_finds` of case.json, among which its own cannot be.
- `expected.json`: every diagnostic of the mistake in its JSON form (`to_dict`), to the character. Paths are
  relative to the directory. `python -m tests.checks.write_expected ODB304` writes it, for somebody to judge.
- `NAME.sql`: a script that builds the SQLite database `NAME.db` (`mistake.sql` stands for `mistake.db`).
- other files: data beside the config, copied as they are.
- `case.json`, where the config needs more:
  - `environ`, `variables`: what `${env:...}` and `${var:...}` stand for; nothing if not given;
  - `project`, `layer`, `enabled_only`: filters of the reader; `lookalike_project`: another for the lookalike;
  - `data`: false for the structure alone; `deep`: true to ask Spark;
  - `cwd`, `base_dir`: where they are not the directory of the config; relative to it;
  - `files`: files to make, path -> text, or `{"repeat": text, "times": n}`, `{"hex": bytes}`,
    `{"directory": true}`, `{"fifo": true}`, `{"link": target}`, or `{"query": sql}`, which DuckDB writes in
    the format of the suffix (csv, json, parquet), `{"query": sql, "table": name}` into a `.db` or `.duckdb`;
  - `chmod`: path -> mode in octal text; such a case is left out for root, whom no mode stops;
  - `lookalike_finds`: codes of diagnostics that the lookalike may have;
  - `platform`: the `sys.platform` it holds on.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import chdir, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odibi_core.checks import check
from odibi_core.config import Document, read_document
from odibi_core.diagnostics import Diagnostic, to_dict

CASES = Path(__file__).parent / "cases"
_KNOWN = {
    "environ", "variables", "project", "layer", "enabled_only", "lookalike_project", "data", "deep", "cwd",
    "base_dir", "files", "chmod", "lookalike_finds", "platform",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A directory of `cases/`, not yet on disk elsewhere."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def code(self) -> str:
        return self.name[:6]

    @property
    def expected(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.directory / "expected.json").read_text("utf-8"))
        return found

    @property
    def options(self) -> dict[str, Any]:
        file = self.directory / "case.json"
        options: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        if unknown := options.keys() - _KNOWN:
            raise ValueError(f"{file}: no such options: {unknown}")
        return options

    @property
    def left_out(self) -> str | None:
        """Why the case cannot be tried here, or None."""
        options = self.options
        if "chmod" in options and hasattr(os, "geteuid") and os.geteuid() == 0:
            return "no mode of a file stops root"
        if options.get("platform", sys.platform) != sys.platform:
            return f"holds on {options['platform']}"
        return None

    def build(self, target: Path) -> None:
        """Makes the case's files in an empty directory."""
        shutil.copytree(self.directory, target, dirs_exist_ok=True)
        for script in target.rglob("*.sql"):
            with closing(sqlite3.connect(script.with_suffix(".db"))) as database:
                database.executescript(script.read_text("utf-8"))
            script.unlink()
        for name in ("expected.json", "case.json"):
            (target / name).unlink(missing_ok=True)
        options = self.options
        for name, content in options.get("files", {}).items():
            _make(target / name, content)
        for name, mode in options.get("chmod", {}).items():
            (target / name).chmod(int(mode, 8))

    def read(self, which: str) -> Document:
        """Reads the mistake or the lookalike in the current directory."""
        (name,) = sorted(p.name for p in Path().glob(f"{which}.*"))
        options = self.options
        project = options.get("project")
        if which == "lookalike":
            project = options.get("lookalike_project", project)
        return read_document(
            name,
            project=project,
            layer=options.get("layer"),
            enabled_only=options.get("enabled_only", True),
        )

    def find(self, which: str, document: Document | None = None) -> tuple[Diagnostic, ...]:
        """Checks the mistake or the lookalike in the current directory."""
        options = self.options
        with chdir(options.get("cwd", ".")):
            here = Path.cwd()
        return check(
            self.read(which) if document is None else document,
            base_dir=Path(options.get("base_dir", ".")),
            cwd=here,
            **{name: options[name] for name in ("environ", "variables", "data", "deep") if name in options},
        )


def cases() -> list[Case]:
    """Returns all cases, by name."""
    return [Case(path) for path in sorted(CASES.iterdir()) if path.is_dir() and path.name[0] not in "_."]


def as_json(found: tuple[Diagnostic, ...], path: str) -> list[dict[str, Any]]:
    """Returns diagnostics in the form of expected.json."""
    return [to_dict(diagnostic, path) for diagnostic in found]


def _make(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_bytes(content.encode("utf-8"))
    elif "repeat" in content:
        path.write_bytes(content["repeat"].encode("utf-8") * content["times"])
    elif "hex" in content:
        path.write_bytes(bytes.fromhex(content["hex"]))
    elif "fifo" in content:
        os.mkfifo(path)
    elif "link" in content:
        path.symlink_to(content["link"])
    elif "query" in content:
        _query(path, content["query"], content.get("table", "data"))
    else:
        path.mkdir()


def _query(path: Path, query: str, table: str) -> None:
    import duckdb

    if path.suffix == ".duckdb":
        with duckdb.connect(str(path)) as made:
            made.execute(f'CREATE TABLE "{table}" AS {query}')
        return
    with duckdb.connect() as connection:
        if path.suffix in (".db", ".sqlite", ".sqlite3"):
            frame = connection.execute(query).df()
            with closing(sqlite3.connect(path)) as database:
                frame.to_sql(table, database, index=False)
            return
        kind = {".parquet": "parquet", ".csv": "csv", ".json": "json"}[path.suffix]
        array = ", ARRAY true" if kind == "json" else ""
        target = str(path).replace("'", "''")
        connection.execute(f"COPY ({query}) TO '{target}' (FORMAT {kind}{array})")
