"""What is part of a step's fingerprint, what is not, and what is never reused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from odibi_core.config.placeholders import Values
from odibi_core.core import Step
from odibi_core.plan.graph import Graph
from odibi_core.reuse.code import CodeReader
from odibi_core.reuse.digests import private_key
from odibi_core.reuse.fingerprints import Fingerprinter, Surroundings, volatile_sql
from odibi_core.reuse.volatile import volatile_duckdb, volatile_expressions, volatile_spark
from tests.builders import function, sql


def prints(base: Path, steps: list[Step], variables=None, environ=None, settings=None):
    values = Values(variables or {}, environ or {})
    around = Surroundings(base, values, settings or {})
    return Fingerprinter(steps, Graph(steps), around).predict()


def value(base: Path, step: Step, **options) -> str | None:
    found = prints(base, [step], **options)[step.name]
    return None if found is None else found.value


def changed(base: Path, step: Step, **changes) -> bool:
    return value(base, step) != value(base, dataclasses.replace(step, **changes))


READ = Step("ingest", "read", "config_op", "pandas", "in.csv", {"sep": ","}, outputs={"data": "read"})


@pytest.fixture
def base(tmp_path) -> Path:
    (tmp_path / "in.csv").write_text("a\n1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"params": {"sep": ";"}}, True),
        ({"engine": "duckdb"}, True),
        ({"type": "sql"}, True),
        ({"outputs": {"other": "read"}}, True),
        ({"metadata": {"expect": {"not_null": ["a"]}}}, True),
        ({"name": "other"}, False),
        ({"outputs": {"data": "elsewhere"}}, False),
        ({"metadata": {"tags": ["daily"], "description": "x"}}, False),
        ({"params": {"sep": ",", "retries": 3, "retry_delay": 1}}, False),
    ],
)
def test_what_of_a_step_decides_its_result(base, change, counts):
    assert changed(base, READ, **change) is counts


def test_a_file_counts_by_its_bytes_and_a_large_one_by_size_and_time(base, monkeypatch):
    import os

    first = value(base, READ)
    os.utime(base / "in.csv", (1, 1))
    assert value(base, READ) == first
    (base / "in.csv").write_text("a\n2\n")
    os.utime(base / "in.csv", (1, 1))
    assert value(base, READ) != first
    monkeypatch.setattr("odibi_core.reuse.stamps.DIGEST_UP_TO", 1)
    large = value(base, READ)
    os.utime(base / "in.csv", (2, 2))
    assert value(base, READ) != large


def test_a_glob_counts_with_all_its_files(base):
    step = dataclasses.replace(READ, value="*.csv")
    first = value(base, step)
    (base / "more.csv").write_text("a\n3\n")
    assert value(base, step) != first
    (base / "more.csv").rename(base / "other.csv")
    assert value(base, step) != first


def test_a_pipe_is_not_read_and_a_missing_file_has_no_fingerprint(base):
    import os

    os.mkfifo(base / "pipe.csv")
    assert value(base, dataclasses.replace(READ, value="pipe.csv")) is None
    assert value(base, dataclasses.replace(READ, value="missing.csv")) is None


def test_edits_ripple_through_inputs_but_not_through_names():
    def last(first_query: str, key: str = "a", local: str = "x") -> str:
        steps = [
            sql("a", first_query, output=key),
            Step("transform", "b", "sql", "duckdb", "SELECT * FROM x", {}, {local: key}, {"data": "b"}),
        ]
        found = prints(Path(), steps)["b"]
        assert found is not None
        return found.value

    assert last("SELECT 1 AS n") == last("SELECT 1 AS n", key="renamed")
    assert last("SELECT 1 AS n") != last("SELECT 2 AS n")
    assert last("SELECT 1 AS n") != last("SELECT 1 AS n", local="y")


def test_which_of_two_outputs_is_read_counts():
    def of(key: str) -> str:
        steps = [
            function("f", "work.f"),
            Step("transform", "b", "sql", "duckdb", "SELECT * FROM x", {}, {"x": key}, {"data": "b"}),
        ]
        steps[0].outputs = {"one": "k1", "two": "k2"}
        steps[0].type = "sql"
        found = prints(Path(), steps)["b"]
        assert found is not None
        return found.value

    assert of("k1") != of("k2")


# -- placeholders and secrets -------------------------------------------------------------------------


def test_values_of_placeholders_count_and_cannot_be_guessed_from_a_fingerprint(tmp_path, monkeypatch):
    step = sql("a", "SELECT ${var:day} AS d, ${env:TOKEN} AS t")
    one = value(tmp_path, step, variables={"day": 1}, environ={"TOKEN": "x"})
    assert one == value(tmp_path, step, variables={"day": 1}, environ={"TOKEN": "x"})
    assert one != value(tmp_path, step, variables={"day": 2}, environ={"TOKEN": "x"})
    assert one != value(tmp_path, step, variables={"day": 1}, environ={"TOKEN": "y"})
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another person"))
    assert one != value(tmp_path, step, variables={"day": 1}, environ={"TOKEN": "x"})
    key = tmp_path / "another person" / "odibi" / "reuse.key"
    assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_bytes()) == 32


def test_without_a_key_nothing_with_placeholders_is_reused(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(blocked))
    assert private_key() is None
    found = prints(tmp_path, [sql("a", "SELECT ${var:day} AS d"), sql("b", "SELECT 1 AS n")], {"day": 1})
    assert found["a"].never and found["b"].never is None


def test_a_key_that_is_damaged_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    first = private_key()
    assert private_key() == first
    (tmp_path / "odibi" / "reuse.key").write_bytes(b"short")
    second = private_key()
    assert second is not None and second != first and private_key() == second
    assert [path.name for path in (tmp_path / "odibi").iterdir()] == ["reuse.key"]


def test_settings_of_the_engine_count(tmp_path):
    step = sql("a", "SELECT 1 AS n")
    plain = value(tmp_path, step)
    assert value(tmp_path, step, settings={"duckdb": {"settings": {"TimeZone": "UTC"}}}) != plain
    assert value(tmp_path, step, settings={"pandas": {"threads": 1}}) == plain


# -- what is never reused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (Step("connect", "c", value="x.db"), "it opens a connection"),
        (Step("ingest", "i", "api", value="https://x"), "it asks a service"),
        (Step("transform", "t", "api", value="https://x"), "it asks a service"),
        (Step("ingest", "i", "config_op", value="https://x/y.csv"), "it reads from the network"),
        (Step("ingest", "i", "config_op", value="x.db", params={"table": "t"}), "it reads a database"),
        (Step("ingest", "i", "sql", value="SELECT 1", params={"connection": "c"}), "it reads a database"),
        (Step("ingest", "i", "sql", value="q", params={"connection_string": "u"}), "it reads a database"),
        (Step("store", "s", "function", value="m.f"), "what it wrote cannot be looked at again"),
        (
            Step("store", "s", value="t", params={"connection": "c"}),
            "what it wrote cannot be looked at again",
        ),
        (Step("publish", "p", value="https://x"), "what it wrote cannot be looked at again"),
        (Step("publish", "p", "api", value="https://x"), "it asks a service"),
        (
            Step("ingest", "i", "sql", value="q", metadata={"expect": [{"freshness": {"at": "2 days"}}]}),
            "the age of its data is looked at",
        ),
        (Step("store", "s", value="out.csv"), None),
        (Step("ingest", "i", "sql", value="SELECT 1"), None),
    ],
)
def test_kinds_of_steps_that_are_never_reused(tmp_path, step, why):
    (tmp_path / "m.py").write_text("def f(data): ...\n")
    found = prints(tmp_path, [step])[step.name]
    assert found is not None and found.never == why


DUCKDB = [
    ("SELECT a, sum(b) FROM data GROUP BY ALL", None),
    ('SELECT \'now()\' AS t, "random()" FROM (SELECT 1 AS "random()") -- now()', None),
    ("WITH t AS (SELECT * FROM data) SELECT * FROM t JOIN range(5) ON true", None),
    ("SELECT a, row_number() OVER (ORDER BY a) FROM data QUALIFY rank() OVER (ORDER BY a) = 1", None),
    ("SELECT median(a), list(a ORDER BY a), date_trunc('day', d), [x + 1 for x in l], s[1] FROM data", None),
    ("SELECT age(d, e), md5(s), s LIKE 'x%', a IN (1, 2), CASE WHEN a THEN 1 END, a::INT FROM data", None),
    ("SELECT now()", "`now` is volatile"),
    ("SELECT current_date FROM data", "`current_date` is volatile"),
    ("SELECT current_timestamp", "`current_timestamp` is volatile"),
    ("SELECT * FROM data WHERE d > today()", "`today` is volatile"),
    ("SELECT random() FROM data", "`random` is volatile"),
    ("SELECT * FROM data ORDER BY uuid()", "`uuid` is volatile"),
    ("SELECT nextval('s') FROM data", "`nextval` is volatile"),
    ("SELECT age(d) FROM data", "`age` is volatile"),
    ("SELECT getenv('HOME')", "`getenv` is volatile"),
    ("SELECT mine(a) FROM data", "nobody can tell what `mine` gives"),
    ("SELECT * FROM data USING SAMPLE 3", "it samples"),
    ("SELECT * FROM data TABLESAMPLE 10%", "it samples"),
    ("SELECT * FROM 'other.csv'", "it reads `other.csv`, which is no input"),
    ("SELECT * FROM read_csv('other.csv')", "`read_csv` reads what is no input"),
    ("SELECT * FROM data JOIN other USING (id)", "it reads `other`, which is no input"),
    ("SELECT 1; SELECT 2", "its SQL is more than one statement"),
    ("CREATE TABLE t AS SELECT 1", "its SQL is not one SELECT"),
    ("SELEC 1", "its SQL cannot be parsed"),
]


@pytest.mark.parametrize(("query", "why"), DUCKDB)
def test_volatile_sql_of_duckdb_is_found_by_parsing(query, why):
    assert volatile_duckdb(query, {"data"}) == why


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT a, upper(b), sum(c) OVER (PARTITION BY a) FROM data", None),
        ("WITH t AS (SELECT 1 AS a) SELECT date_add(d, 1), 'now()' FROM t, data", None),
        ("SELECT current_date()", "`current_date` is volatile"),
        ("SELECT current_timestamp FROM data", "`current_timestamp` is volatile"),
        ("SELECT rand() FROM data", "`rand` is volatile"),
        ("SELECT uuid() FROM data", "`uuid` is volatile"),
        ("SELECT monotonically_increasing_id() FROM data", "nobody can tell what"),
        ("SELECT mine(a) FROM data", "nobody can tell what `mine` gives"),
        ("SELECT * FROM data TABLESAMPLE (10 PERCENT)", "it samples"),
        ("SELECT * FROM other", "it reads `other`, which is no input"),
        ("SELECT * FROM parquet.`x`", "it reads `x`, which is no input"),
        ("SELECT FROM", "its SQL cannot be parsed"),
    ],
)
def test_volatile_sql_of_spark_is_found_by_parsing(query, why):
    found = volatile_spark(query, {"data"})
    assert found == why if why is None else found is not None and found.startswith(why)


def test_volatile_expressions_in_operations_and_placeholders_in_sql():
    assert volatile_expressions({"filter": "a > 1 -- x", "derive": {"b": "a * 2"}}) is None
    assert volatile_expressions({"operations": [{"derive": {"b": "now()"}}]}) == "`now` is volatile"
    step = sql("a", "SELECT * FROM d WHERE day = ${var:day}", d="x")
    assert volatile_sql(step, Values({"day": "2026-01-31"}, {})) is None
    assert volatile_sql(step, Values({}, {})) == "its placeholders cannot be filled"
    expects = sql("e", "SELECT 1 AS n")
    expects.metadata["expect"] = [{"sql": "n < 2"}, {"sql": "random() < 2"}]
    assert volatile_sql(expects, Values({}, {})) == "`random` is volatile"
    derive = Step(name="c", params={"derive": {"day": "${var:day}::DATE + 1"}}, inputs={"d": "x"})
    assert volatile_sql(derive, Values({"day": "2026-01-31"}, {})) is None


# -- code ---------------------------------------------------------------------------------------------


@pytest.fixture
def code(tmp_path):
    """Returns what writes modules and reads the code behind a name, as a fresh process would."""
    (tmp_path / "pack").mkdir()
    files = {
        "steps.py": "import helper\nfrom pack import inner\ndef work(data):\n    return data\n",
        "helper.py": "from pack.deep import thing\n",
        "other.py": "x = 1\n",
        "pack/__init__.py": "",
        "pack/inner.py": "from . import sibling\n",
        "pack/sibling.py": "",
        "pack/deep.py": "thing = 1\nimport json, pandas\n",
    }

    def read(name: str = "steps.work", **changes: str):
        for file, text in files.items():
            (tmp_path / file).write_text(changes.get(file.replace("/", "_").removesuffix(".py"), text))
        return CodeReader(tmp_path).of(name)

    return read


@pytest.mark.parametrize(
    "module", ["steps", "helper", "pack_deep", "pack_inner", "pack_sibling", "pack___init__"]
)
def test_code_counts_with_all_it_imports_from_beside_the_config(code, module):
    first = code()
    assert first.never is None and first.digest
    assert (
        code(**{module: "# other\n" + ("import helper\nfrom pack import inner\n" * (module == "steps"))})
        != first
    )


def test_code_that_is_not_imported_does_not_count(code):
    assert code(other="x = 2\n") == code()


@pytest.mark.parametrize(
    "text",
    [
        "@odibi_function(volatile=True)\ndef work(d): ...",
        "@functions.odibi_function('x', volatile=flag)\ndef work(d): ...",
        "def work(d): ...\nodibi_function('y', volatile=True)(work)",
    ],
)
def test_a_function_marked_volatile_is_never_reused(code, text):
    assert code(steps=text).never == "its function is volatile"


@pytest.mark.parametrize(
    "text",
    [
        "@odibi_function(volatile=True)\ndef other(d): ...\ndef work(d): ...",
        "@odibi_function(volatile=False)\ndef work(d): ...",
        "@odibi_function\ndef work(d): ...",
    ],
)
def test_other_marks_do_not_matter(code, text):
    assert code(steps=text).never is None


def test_code_that_cannot_be_found_or_read(code):
    assert code("nowhere.work").digest == "" and code("nowhere.work").never
    assert code(steps="def work(:").digest == ""
    assert code("count_rows_of_a_plugin").never == "`count_rows_of_a_plugin` comes from a plugin"


def test_files_that_a_functions_params_name_count(tmp_path):
    (tmp_path / "work.py").write_text("def f(path): ...\n")
    (tmp_path / "in.txt").write_text("1")
    step = function("f", "work.f", params={"path": "in.txt", "note": "not a file", "n": [1, {"x": "in.txt"}]})
    first = value(tmp_path, step)
    assert first is not None
    (tmp_path / "in.txt").write_text("2")
    assert value(tmp_path, step) != first


def test_code_that_was_changed_after_it_had_been_imported_is_never_reused(tmp_path, monkeypatch):
    """In a process that goes on, what runs is what was imported, whatever stands on the disk by now."""
    import importlib
    import sys

    (tmp_path / "odibi_once.py").write_text("def f(data): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    reader = CodeReader(tmp_path)
    assert reader.of("odibi_once.f").never is None
    importlib.import_module("odibi_once")
    reader.mark_imported()
    (tmp_path / "odibi_once.py").write_text("def f(data): return data\n")
    assert "after it had been imported" in (CodeReader(tmp_path).of("odibi_once.f").never or "")
    del sys.modules["odibi_once"]
    assert CodeReader(tmp_path).of("odibi_once.f").never is None
