"""Project: a generated pipeline with all that belongs to it, before and after a fault is planted."""

from __future__ import annotations

import copy
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutations.sql import Sql
from benchmarks.mutations.tables import Columns, write, write_sqlite

# The functions of the module beside the config that declare their columns.
DECLARED = ("own_functions.read_numbers", "count_rows")


@dataclass
class Made:
    """A step as it was generated.

    Attributes:
        fields: What the config says, but for a query in `sql`.
        sql: The query of `value`.
        role: What kind of step it is: file, sql, table, query, connect, own, builtin, operations, target.
        inputs: The columns of each input, by local name.
        columns: The columns of the result.
        file: The file it reads or writes.
        form: Its format.
        instead: What stands in the place of the step, where it is `none`.
    """

    fields: dict[str, Any]
    role: str
    sql: Sql | None = None
    inputs: dict[str, Columns] = field(default_factory=dict)
    columns: Columns = ()
    file: str | None = None
    form: str | None = None
    instead: Any = None

    @property
    def name(self) -> str:
        return str(self.fields.get("name"))

    @property
    def engine(self) -> str:
        return str(self.fields.get("engine", "pandas"))

    def as_fields(self) -> Any:
        """Returns the fields with the query in its place."""
        if self.role == "none":
            return self.instead
        if self.sql is None:
            return self.fields
        return {name: self.sql.text if name == "value" else value for name, value in self.fields.items()}


@dataclass
class DataFile:
    """A file to be made: data in a format, a database of tables, or text."""

    form: str
    columns: Columns = ()
    rows: list[dict[str, Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, tuple[Columns, list[dict[str, Any]]]] = field(default_factory=dict)
    text: str | bytes | None = None

    def make(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.text is not None:
            path.write_bytes(self.text.encode() if isinstance(self.text, str) else self.text)
        elif self.tables:
            write_sqlite(path, self.tables)
        elif self.form == "directory":
            path.mkdir(exist_ok=True)
        else:
            write(path, self.form, self.columns, self.rows, **self.options)


@dataclass
class Project:
    """A pipeline, its files, and the world it is checked in."""

    steps: list[Made]
    files: dict[str, DataFile]
    environ: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    kind: str = "json"
    spark: bool = False
    edit_text: Callable[[str], str] | None = None  # for faults in the text itself
    script: list[str] = field(default_factory=list)  # SQL on the database of a config in SQLite

    def copy(self) -> Project:
        return copy.copy(self)._with(
            [
                Made(
                    copy.deepcopy(m.fields),
                    m.role,
                    m.sql.copy() if m.sql else None,
                    dict(m.inputs),
                    m.columns,
                    m.file,
                    m.form,
                )
                for m in self.steps
            ],
            dict(self.files),
        )

    def _with(self, steps: list[Made], files: dict[str, DataFile]) -> Project:
        self.steps, self.files = steps, files
        self.environ, self.variables = dict(self.environ), dict(self.variables)
        self.script = list(self.script)
        return self

    def unknowable(self) -> set[str]:
        """Returns the steps that read what a function gave which declares no columns, or what comes of it."""
        keys: set[str] = set()
        steps: set[str] = set()
        for _ in self.steps:
            before = len(keys), len(steps)
            for made in self.steps:
                if not isinstance(made.fields.get("inputs", {}), dict):
                    continue
                if not keys.isdisjoint(made.fields.get("inputs", {}).values()):
                    steps.add(made.name)
                if made.name in steps or (made.role == "own" and made.fields.get("value") not in DECLARED):
                    outputs = made.fields.get("outputs", {})
                    keys.update(outputs.values() if isinstance(outputs, dict) else ())
            if before == (len(keys), len(steps)):
                break
        return steps

    def step(self, name: str) -> Made:
        return next(made for made in self.steps if made.name == name)

    def build(self, directory: Path, only: dict[str, DataFile] | None = None) -> None:
        """Makes the files: all, or those that differ from the ones given, which are there."""
        for name, file in self.files.items():
            if only is None or only.get(name) is not file:
                path = directory / name
                if path.is_dir():
                    shutil.rmtree(path)
                path.unlink(missing_ok=True)
                file.make(path)
        for name in set(only or ()) - set(self.files):
            (directory / name).unlink(missing_ok=True)

    def write_config(self, directory: Path, text: str | None) -> Path:
        """Writes the config as it is rendered; a database is built from the rows."""
        path = directory / f"pipeline.{'db' if self.kind == 'sqlite' else self.kind}"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text.encode("utf-8"))
            return path
        from benchmarks.mutations.render import TABLE_COLUMNS, cell

        with closing(sqlite3.connect(path)) as database:
            database.execute(f"CREATE TABLE transformation_config ({', '.join(TABLE_COLUMNS)})")
            for made in self.steps:
                fields = made.as_fields()
                values = [cell(fields.get(field)) for field in TABLE_COLUMNS.values()]
                database.execute(
                    f"INSERT INTO transformation_config VALUES ({','.join('?' * len(values))})", values
                )
            for statement in self.script:
                database.execute(statement)
            database.commit()
        return path
