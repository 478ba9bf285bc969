"""Function steps before the run: what is found without importing a module, and that a run fails so too."""

from __future__ import annotations

import gc
import json
import re
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import duckdb
import pytest

from odibi_core.checks import check
from odibi_core.config import read_document
from odibi_core.core import ConfigLoader
from odibi_core.functions.registry import REGISTRY
from tests.builders import orchestrator
from tests.checks.case import CASES, Case

OURS = sorted(
    path.name
    for path in CASES.iterdir()
    if re.match(r"ODB(50|51|52)\d", path.name)
    or re.match(r"ODB3.*\.(function|requires|operations|fill)$", path.name)
)
WARNINGS = ("ODB508", "ODB514")
HARMLESS = ("ODB207", "ODB209")
READ = {"layer": "ingest", "name": "read", "type": "sql", "engine": "duckdb", "outputs": {"data": "orders"},
        "value": "SELECT 1::BIGINT AS id, 'north' AS region, 2.5::DOUBLE AS amount"}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def leave_no_database_open():
    """Runs from Python leave their engines to the collector; tests that fork this process come later."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def forget_modules():
    """What a run imports is forgotten afterwards: the next pipeline has modules of the same names."""
    before = set(sys.modules)
    yield
    new = set(sys.modules) - before
    for name in new:
        if not name.startswith(("odibi_core", "pandas", "pyarrow", "numpy", "duckdb", "sqlglot", "pyspark")):
            sys.modules.pop(name)
    REGISTRY.forget_modules(new)


def run(config: str, tmp_path: Path) -> None:
    steps = ConfigLoader().load(config)
    orchestrator(steps, tmp_path / "logs", engine="pandas", base_dir=Path.cwd()).run()


def needs_spark(config: Path) -> bool:
    return '"spark"' in config.read_text()


@pytest.mark.parametrize("name", [name for name in OURS if not name.startswith(WARNINGS)])
def test_what_is_an_error_fails_in_a_run_with_the_same_complaint(name, tmp_path, monkeypatch):
    case = Case(CASES / name)
    case.build(tmp_path)
    monkeypatch.chdir(tmp_path)
    if needs_spark(Path("mistake.json")):
        pytest.skip("needs Java; the message is that of IsolatedWorkers")
    with pytest.raises(Exception) as raised:
        run("mistake.json", tmp_path)
    error: BaseException | None = raised.value
    said = ""
    while error is not None:
        said += str(error)
        error = error.__cause__
    messages = " ".join(found["message"] for found in case.expected)
    names = re.findall(r"`([^`]+)`", messages) or re.findall(r"[A-Z]{4,}", messages)
    assert any(name.split(".")[-1] in said for name in names), said


@pytest.mark.parametrize("name", OURS)
def test_what_only_looks_wrong_runs(name, tmp_path, monkeypatch):
    Case(CASES / name).build(tmp_path)
    monkeypatch.chdir(tmp_path)
    if needs_spark(Path("lookalike.json")):
        pytest.skip("needs Java")
    run("lookalike.json", tmp_path)


# -- what a text tells -------------------------------------------------------------------------------


class Base:
    """A directory of modules, and function steps that are checked in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **modules: str) -> Base:
        for name, text in modules.items():
            file = self.path / f"{name.replace('__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return self

    def found(self, value: str, *more: dict[str, Any], **fields: Any) -> list[Any]:
        step = {"name": "f", "type": "function", "value": value, "inputs": {"data": "orders"},
                "outputs": {"data": "out"}} | fields  # fmt: skip
        text = json.dumps([READ, step, *more])
        found = check(read_document(self.path / "x.json", text=text))
        return [diagnostic for diagnostic in found if diagnostic.code not in HARMLESS]

    def codes(self, value: str, *more: dict[str, Any], **fields: Any) -> list[str]:
        return [diagnostic.code for diagnostic in self.found(value, *more, **fields)]


@pytest.fixture
def base(tmp_path):
    return Base(tmp_path)


PROOF = 'open(r"{path}", "w").close()\nraise SystemExit("it ran")\n'


def test_no_module_is_imported_or_run(base, tmp_path):
    proof = PROOF.format(path=tmp_path / "proof")
    declared = (
        proof + "from odibi_core.functions import odibi_function\n\n\n"
        '@odibi_function("short", returns={"id": "int64"})\ndef f(data):\n    return data\n'
    )
    base.write(evil=declared, odibi_functions=declared, pack____init__=proof, pack__inner=declared)
    (tmp_path / "sitecustomize.py").write_text(proof)
    before = set(sys.modules)
    for value in ("evil.f", "short", "pack.inner.f", "evil.g", "pack.inner.Klass.x"):
        base.found(value)
    assert not (tmp_path / "proof").exists()
    assert not {"evil", "odibi_functions", "pack", "pack.inner"} & (set(sys.modules) - before)
    assert str(tmp_path) not in sys.path


READS = {"layer": "transform", "name": "next", "type": "sql", "engine": "duckdb",
         "value": "SELECT idd FROM data", "inputs": {"data": "out"}, "outputs": {"data": "last"}}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        'from odibi_core.functions import odibi_function\n@odibi_function(returns={"id": "int64"})\n'
        "def f(data): return data",
        'import odibi_core.functions as of\n@of.odibi_function("other", returns=[("id", "int64")])\n'
        "def f(data): return data",
        'from odibi_core.functions import odibi_function as declare\nCOLUMNS = {"id": "int64"}\n'
        "@declare(returns=COLUMNS)\ndef f(data): return data",
        "from typing import Annotated\nimport pandas as pd\nfrom odibi_core.functions import Returns\n"
        'def f(data) -> Annotated[pd.DataFrame, Returns(id="int64")]: return data',
        "from __future__ import annotations\nfrom typing import Annotated\nfrom odibi_core import functions\n"
        'def f(data) -> "Annotated[object, functions.Returns({\'id\': \'int64\'})]": return data',
    ],
)  # fmt: skip
def test_a_declared_result_is_known_to_the_steps_below(base, text):
    (found,) = base.write(m=text).found("m.f", READS)
    assert (found.code, found.step, found.suggestion) == ("ODB304", "next", "id")


@pytest.mark.parametrize(
    "text",
    [
        "def f(data): return data",
        "from odibi_core.functions import odibi_function\n@odibi_function(returns=made())\n"
        "def f(data): return data",
        "from odibi_core.functions import odibi_function\nfrom other import wrap\n@wrap\n"
        '@odibi_function(returns={"id": "int64"})\ndef f(data): return data',
    ],
)
def test_a_result_that_is_not_declared_stays_unknown(base, text):
    base.write(other="def wrap(f):\n    return lambda *a: None\n")
    assert base.write(m=text).codes("m.f", READS) == []


def test_several_outputs_are_declared_by_name(base):
    base.write(
        m="from odibi_core.functions import odibi_function\n"
        '@odibi_function(returns={"good": {"id": "int64"}, "bad": {"why": "string"}})\n'
        'def f(data): return {"good": data, "bad": data}\n'
    )
    outputs = {"good": "out", "bad": "rejected"}
    (found,) = base.found("m.f", READS, outputs=outputs)
    assert found.code == "ODB304"
    below = READS | {"value": "SELECT why FROM data", "inputs": {"data": "rejected"}}
    assert base.codes("m.f", below, outputs=outputs) == []


QUIET = {
    "a module-level __getattr__": "def __getattr__(name): return print",
    "a star of what is written in C": "from math import *",
    "names made by hand": "for name in ('f', 'g'): globals()[name] = print",
    "a name bound in a try": "try:\n    from fast import f\nexcept ImportError:\n    def f(x): return x",
    "a partial": "from functools import partial\nf = partial(print, 1)",
    "an instance": "class F:\n    def __call__(self, data): return data\nf = F()",
    "a decorator that makes another function": "def d(f):\n    return lambda **kw: kw['data']\n"
    "@d\ndef f(nothing, like, it): return 1",
    "a class": "class f:\n    def __init__(self, data): pass",
    "a global made in a function": "def make():\n    global f\n    f = print\nmake()",
    "a path of modules made longer": "import sys\nsys.path.append('lib')\nimport inlib\nfrom inlib import f",
    "two definitions": "import sys\nif sys.platform == 'linux':\n    def f(data): return data\n"
    "else:\n    def f(data, more): return data",
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET)
def test_what_a_text_does_not_decide_is_left_alone(base, text):
    assert base.write(m=text).codes("m.f", params={"anything": 1}) == []


FOUND = {
    "a re-export": ("from impl import f", []),
    "a re-export of what is not there": ("from impl import g as f", ["ODB507"]),
    "a re-export under another name": ("from impl import f as g", ["ODB503"]),
    "a star": ("from impl import *", []),
    "a star that leaves it out": ("from hidden import *", ["ODB503"]),
    "a lambda": ("f = lambda data: data", []),
    "an alias": ("def g(data): return data\nf = g", []),
    "behind TYPE_CHECKING": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from x import f", ["ODB503"]
    ),
    "only when run as a program": ("if __name__ == '__main__':\n    def f(data): return data", ["ODB503"]),
    "a wrapper that keeps the signature": (
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def inner(*a, **k): return f(*a, **k)\n"
        "    return inner\n@d\ndef f(data, /): return data",
        [],
    ),
    "a wrapper with arguments": (
        "from functools import wraps\ndef d(n):\n    def outer(f):\n        @wraps(f)\n"
        "        def inner(*a): return f(*a)\n        return inner\n    return outer\n"
        "@d(3)\ndef f(data, needed): return data",
        ["ODB511"],
    ),
    "a generator": ("def f(data):\n    yield data", ["ODB516"]),
    "a function in it that returns": ("def f(data):\n    def g(): return data\n    g()", ["ODB516"]),
    "only raising": ("def f(data):\n    raise NotImplementedError", []),
    "an async function": ("async def f(data): return data", []),
    "a nested yield": ("def f(data):\n    def rows():\n        yield 1\n    return list(rows())", []),
    "a tuple": ("def f(data): return data, data", ["ODB516"]),
    "positional only": ("def f(a, /, b=1): return a", []),
    "keyword only": ("def f(data, *, needed): return data", ["ODB511"]),
    "two mistakes": ("import nothere\nfrom impl import nope\ndef f(data): return data", ["ODB507", "ODB507"]),
    "a method": ("class K:\n    def f(self): return self", ["ODB503"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "codes"), FOUND.values(), ids=FOUND)
def test_what_a_text_decides(base, text, codes):
    base.write(
        impl="def f(data): return data", hidden="__all__ = ['other']\ndef f(data): return data\nother = f"
    )
    assert base.write(m=text).codes("m.f") == codes


def test_a_module_below_that_fails_is_found_where_it_is_imported(base):
    base.write(pack____init__="", pack__a="from . import b\ndef f(data): return data", pack__b="def (")
    (found,) = base.found("pack.a.f")
    assert found.code == "ODB506"
    assert found.related[0].span.path.endswith("pack/b.py") and found.related[0].span.line == 1


def test_modules_that_import_each_other_are_read_once(base):
    base.write(a="import b\ndef f(data): return data", b="import a\nfrom a import f")
    assert base.codes("a.f") == []


@pytest.mark.parametrize(
    ("annotation", "value", "wanted"),
    [
        ("str", 1, "a text"), ("str", "x", None), ("int", "1", "a whole number"), ("bool", 1, None),
        ("int", 1.5, "a whole number"), ("int", True, None), ("float", 1, None), ("float", "1", "a number"),
        ("bool", "true", "true or false"), ("list[str]", "a", "a list"), ("list", ["a"], None),
        ("dict[str, int]", [], "an object"), ("Sequence[str]", "a", None), ("Optional[int]", None, None),
        ("int | None", "x", "a whole number or null"),
        ("Union[int, str]", [1], "a whole number or a text"), ("Literal['a', 'b']", "c", "`a` or `b`"),
        ("'int'", "x", "a whole number"), ("Any", [1], None), ("Weird", 1, None), ("int", "${var:n}", None),
        ("str", None, "a text"),
    ],
)  # fmt: skip
def test_values_are_held_against_annotations_where_that_is_certain(base, annotation, value, wanted):
    base.write(
        m="from typing import Any, Literal, Optional, Union\nfrom collections.abc import Sequence\n"
        f"def f(data, x: {annotation} = 'd'): return data\n"
    )
    found = [d for d in base.found("m.f", params={"x": value}) if d.code == "ODB514"]
    assert [d.severity for d in found] == ([] if wanted is None else ["warning"])
    assert wanted is None or f"is to be {wanted}, not" in found[0].message


def test_a_default_of_none_lets_null_through(base):
    base.write(m="def f(data, x: str = None): return data")
    assert base.codes("m.f", params={"x": None}) == []


# -- short names -------------------------------------------------------------------------------------

REGISTERS = (
    'from odibi_core.functions import odibi_function\n@odibi_function("mine")\ndef f(data): return data\n'
)


def test_a_short_name_is_found_in_what_odibi_functions_imports(base):
    base.write(odibi_functions="import more", more=REGISTERS)
    assert base.codes("mine") == []
    assert base.codes("mien") == ["ODB504"]


def test_a_name_that_another_step_may_register_is_left_alone(base):
    base.write(more=REGISTERS)
    other = {"name": "g", "type": "function", "value": "more.f", "inputs": {"data": "orders"},
             "outputs": {"data": "other"}}  # fmt: skip
    assert base.codes("mine", other) == []
    assert base.codes("mine") == ["ODB504"]


def test_names_that_may_be_registered_out_of_sight_make_a_warning(base):
    base.write(odibi_functions="import importlib\nimportlib.import_module('hidden')")
    assert [d.severity for d in base.found("dedup")] == ["warning"]


def test_two_functions_of_one_short_name_are_refused(base):
    base.write(odibi_functions=REGISTERS + '@odibi_function("mine")\ndef g(data): return data\n')
    assert base.codes("mine") == ["ODB515"]


def test_a_plugin_is_known_by_its_entry_point(base, monkeypatch):
    from importlib.metadata import EntryPoint, EntryPoints

    points = EntryPoints([EntryPoint("from_plugin", "nowhere:f", "odibi.functions")])
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    assert base.codes("from_plugin") == []
    assert base.codes("from_plugn") == ["ODB504"]
    base.write(nowhere="def f(data, needed): return data")
    assert base.codes("from_plugin") == ["ODB511"]


# -- Odibi's own -------------------------------------------------------------------------------------

BUILT_IN = [
    (
        "dedupe",
        {"keys": "idd", "order_by": "amuont"},
        [("ODB304", "params.keys"), ("ODB304", "params.order_by")],
    ),
    ("dedupe", {"keys": ["idd", "regoin"]}, [("ODB304", "params.keys.0"), ("ODB304", "params.keys.1")]),
    ("dedupe", {"key": "id"}, [("ODB510", "params.key")]),
    ("fill_missing", {"value": {"amuont": 0}}, [("ODB304", "params.value.amuont")]),
    ("fill_missing", {"columns": "amount"}, [("ODB518", "params")]),
    ("fill_missing", {"columns": "amount", "method": "avg"}, [("ODB518", "params.method")]),
    ("date_parts", {"column": "id"}, [("ODB306", "params.column")]),
    ("flag_outliers", {"columns": "region"}, [("ODB306", "params")]),
    ("pivot", {"index": "region", "columns": "id", "values": "amoun"}, [("ODB304", "params.values")]),
    ("unpivot", {"keep": ["id", "region", "amount"]}, [("ODB524", "params.keep")]),
    ("unpivot", {"keep": "region", "columns": ["amount"], "name": "region"}, [("ODB523", "params.name")]),
    ("expect", {"between": {"amount": [1]}}, [("ODB518", "params.between.amount")]),
    ("expect", {"one_of": {"regin": ["a"]}}, [("ODB304", "params.one_of.regin")]),
]


@pytest.mark.parametrize(("name", "params", "expected"), BUILT_IN)
def test_options_of_odibis_own_functions_fail_before_the_run_as_in_it(base, tmp_path, name, params, expected):
    assert [(d.code, d.field) for d in base.found(name, params=params)] == expected
    step = {"name": "f", "type": "function", "value": name, "params": params, "inputs": {"data": "orders"},
            "outputs": {"data": "out"}}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps([READ, step]))
    with chdir(tmp_path), pytest.raises((ValueError, duckdb.Error)):
        run("x.json", tmp_path)


OWN = [
    ("tidy_names", {}),
    ("dedupe", {"keys": "id"}),
    ("fill_missing", {"value": 0, "columns": "amount"}),
    ("fill_missing", {"columns": ["amount"], "method": "mean", "by": "region"}),
    ("date_parts", {"column": "region", "parts": ["year"]}),
    ("flag_outliers", {"columns": ["amount", "id"]}),
    ("unpivot", {"keep": "region", "columns": ["amount"]}),
    ("expect", {"not_null": "id", "min_rows": 1, "matches": {"region": "."}}),
]


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize(("name", "params"), OWN)
def test_the_schema_of_odibis_own_functions_is_that_of_a_run(base, tmp_path, engine, name, params):
    from odibi_core.checks.data import check_data
    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.checks.sql.lab import Lab
    from odibi_core.checks.tools import Tools
    from odibi_core.checks.world import World
    from odibi_core.core import Step
    from odibi_core.formats.arrow import type_name
    from odibi_core.functions.declaration import family

    region = "'2024-01-05'" if name == "date_parts" else "'north'"
    query = f"SELECT 1::BIGINT AS id, {region} AS region, 2.5::DOUBLE AS amount"
    steps = [
        Step("ingest", "read", "sql", engine, query, outputs={"data": "orders"}),
        Step("transform", "f", "function", engine, name, params, {"data": "orders"}, {"data": "out"}),
    ]
    with Lab() as lab:
        tools = Tools(World(tmp_path), lab, Pipeline(steps))
        outcomes = {step.name: outcome for step, outcome in check_data(tools.pipeline, tools)}
    schema = outcomes["f"].outputs["data"]
    from odibi_core.core import create_engine_context

    with create_engine_context(engine, base_dir=tmp_path) as context:
        result = orchestrator(steps, tmp_path / "logs", engine=engine, context=context).run()
        table = context.to_arrow(result.data_map["out"])
    assert schema is not None
    assert schema.names == tuple(table.column_names)
    for column, field in zip(schema.columns, table.schema, strict=True):
        assert column.type is not None and family(column.type) == family(type_name(field.type))


def test_a_name_that_changes_in_case_alone_is_known_below_as_it_is_then(tmp_path):
    query = 'SELECT \'A1\' AS "Account", 5 AS "Amount (EUR)"'
    steps = [
        {"layer": "ingest", "name": "read", "type": "sql", "engine": "duckdb", "value": query,
         "outputs": {"data": "raw"}},
        {"name": "tidy", "type": "function", "engine": "duckdb", "value": "tidy_names",
         "inputs": {"data": "raw"}, "outputs": {"data": "tidy"}},
        {"name": "one", "type": "function", "engine": "duckdb", "value": "dedupe",
         "params": {"keys": "account"}, "inputs": {"data": "tidy"}, "outputs": {"data": "one"}},
        {"layer": "store", "name": "write", "value": "out.csv", "inputs": {"data": "one"}},
    ]  # fmt: skip
    path = tmp_path / "x.json"
    path.write_text(json.dumps(steps))
    assert check(read_document(path)) == ()
    with chdir(tmp_path):
        run("x.json", tmp_path)
    assert (tmp_path / "out.csv").read_text().startswith("account,amount_eur\n")
