"""Modules and names found from text alone, as `import` and `getattr` would find them."""

from __future__ import annotations

import importlib
import sys
import sysconfig
from pathlib import Path

import pytest

from odibi_core.functions import resolve
from odibi_core.functions.reading import (
    FoundFunction,
    MissingMember,
    MissingModule,
    NotCallable,
    Reader,
    Undecided,
)
from odibi_core.functions.reading.imports import failing_imports
from odibi_core.functions.reading.modules import ModuleFinder

LIBRARY = Path(sysconfig.get_paths()["stdlib"])


@pytest.mark.parametrize(
    "package", ["json", "email", "http", "logging", "importlib", "unittest", "sqlite3", "asyncio", "xml.sax"]
)
def test_nothing_fails_in_what_does_not(package):
    assert list(failing_imports(Reader(LIBRARY), package)) == []


@pytest.mark.parametrize(
    "name",
    [
        "json.dumps",
        "os.path.join",
        "textwrap.dedent",
        "email.message_from_string",
        "odibi_core.functions.resolve",
        "pathlib.Path.glob",
        "functools.lru_cache",
    ],
)
def test_functions_of_installed_modules_are_those_that_a_run_gets(name, tmp_path):
    found = Reader(tmp_path).resolve(name)
    assert isinstance(found, FoundFunction | Undecided)
    if isinstance(found, FoundFunction):
        function = resolve(name, tmp_path)
        assert function.__qualname__ == found.qualname
        assert function.__module__ == found.module.name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("json.dmups", MissingMember),
        ("nowhere.f", MissingModule),
        ("json", NotCallable),
        ("math.sqrt", Undecided),
    ],
)
def test_what_is_not_there_is_told_apart_from_what_no_text_shows(name, kind, tmp_path):
    assert isinstance(Reader(tmp_path).resolve(name), kind)


def test_modules_are_found_as_import_finds_them(tmp_path, monkeypatch):
    for name in (
        "plain.py",
        "pack/__init__.py",
        "pack/inner.py",
        "space/inner.py",
        "both.py",
        "both/__init__.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    finder = ModuleFinder(tmp_path)
    for name in (
        "plain",
        "pack",
        "pack.inner",
        "space",
        "space.inner",
        "both",
        "pack.nope",
        "nope",
        "plain.x",
    ):
        try:
            there = importlib.import_module(name).__file__
        except ModuleNotFoundError:
            assert finder.find(name) is None, name
        else:
            found = finder.find(name)
            assert found is not None and found.path == there, name
    for name in ("plain", "pack", "pack.inner", "space", "space.inner", "both"):
        sys.modules.pop(name, None)


def test_every_file_that_decides_is_looked_at_there_or_not(tmp_path):
    reader = Reader(tmp_path)
    reader.resolve("later.f")
    assert str(tmp_path / "later.py") in reader.finder.looked_at
    (tmp_path / "later.py").write_text("def f(): pass")
    assert isinstance(Reader(tmp_path).resolve("later.f"), FoundFunction)


def test_a_module_of_the_same_name_as_pythons_own_is_not_decided(tmp_path):
    (tmp_path / "statistics.py").write_text("def f(data): return data")
    reader = Reader(tmp_path)
    assert isinstance(reader.resolve("statistics.f"), Undecided)
    assert reader.finder.is_hidden("statistics")
