"""Whatever stands in a config, reading and checking it ends, with diagnostics and nothing else."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odibi_core.checks.checker import Checker
from odibi_core.config import read_document
from odibi_core.diagnostics import to_dict
from odibi_core.errors import ConfigError
from tests.counts import VERIFY, count

ROOT = Path(__file__).parents[2]
# Far beyond what any text takes on a machine under load: only a text that never ends meets it.
PATIENCE_S = 60
DATA_EVERY = 20  # of the texts, those whose data are checked too

PIECES = [
    "[" * 99, "{" * 120, '{"a":' * 60, "]" * 50, "1e999", "-0.0", "9" * 400, "1" + "0" * 5000, "NaN",
    "\\ud83d", "\\u0000",
    "\x00", "\ufeff", "\u202e", "\u2066", "\x1b[31m", "\x1b]0;x\x07", "\r", "\r\n", "\n", "\u2028", "\u0085",
    '"', "'", "`", "\\",
    '"\\', ",", ":", "{}", "[]", "null", "true", "None", "//", "/*", "*/", "#", "--", ";", "${", "${var:",
    "${env:HOME}",
    "$${", "${ident:x}", "%s", "{0}", "SELECT", "FROM data", "(((((", "UNION ALL SELECT", "CAST(",
    "AS INTEGER)",
    "x" * 3000, "ü", "\U0001f600", "e\u0301", "\u200b", '"metadata": {"odibi": {"ignore": ["ODB304"]}}',
    '"params": {"operations": [{"filter": "1"}]}', '"inputs": {"data": "data"}', '"engine": "spark"',
    '"type": "function"',
    '"timeout": 1e308', "/dev/zero", "../" * 50, "file:///etc/passwd", "http://127.0.0.1:1/x", "*", "**/*",
    "[a-", "~",
]  # fmt: skip


def corpus() -> list[tuple[str, bytes]]:
    """Returns suffix and bytes of every config there is here."""
    places = [
        *(ROOT / "sample_configs").glob("*.json"), *(ROOT / "sample_configs" / "broken").iterdir(),
        *(ROOT / "tests" / "checks" / "cases").glob("*/mistake.*"),
        *(ROOT / "tests" / "checks" / "cases").glob("*/lookalike.*"),
    ]  # fmt: skip
    return [(p.suffix, p.read_bytes()) for p in sorted(places) if p.suffix in (".json", ".csv", ".db")]


CORPUS = corpus()
TEXTS = [(suffix, data) for suffix, data in CORPUS if suffix != ".db"]


@contextmanager
def bounded(what: Callable[[], str]) -> Iterator[None]:
    """Fails what does not end, and says what it was."""

    def stop(*_: object) -> None:
        pytest.fail(f"this never ends: {what()}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE_S)
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}, from {what()}") from error
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Returns bytes with a few things done to them."""
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        way = rng.randrange(9)
        if way == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        elif way == 1:
            data = data[:at]
        elif way == 2:
            data = data[:at] + data[at + rng.randint(1, 40) :]
        elif way == 3:
            other = rng.choice(TEXTS)[1]
            start = rng.randrange(len(other) + 1)
            data = data[:at] + other[start : start + rng.randint(1, 300)] + data[at:]
        elif way == 4:
            data = data[:at] + data[at : at + rng.randint(1, 200)] * rng.randint(2, 4) + data[at:]
        elif way == 5:
            data = data[:at] + rng.randbytes(rng.randint(1, 8)) + data[at:]
        else:
            data = data[:at] + rng.choice(PIECES).encode("utf-8", "surrogatepass") + data[at:]
    return data[:20_000]


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checker]:
    """A checker with files at hand, as the application has one for all of a session."""
    home = tmp_path_factory.mktemp("fuzzing")
    (home / "orders.csv").write_text("id,customer,amount\n1,Ada,250.5\n2,Bo,80\n")
    made = Checker(base_dir=home, cwd=home, environ={"HOME": "/root"}, variables={"minimum": 1, "x": "y"})
    yield made
    made.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write configs to, one after the other."""
    return tmp_path_factory.mktemp("configs") / "config.json"


def look(checker: Checker, path: Path, *, data: bool) -> None:
    """Reads and checks a config, and renders what is found."""
    try:
        document = read_document(path)
    except ConfigError:
        return
    found = checker.whole(document).diagnostics if data else checker.structure(document)
    json.dumps([to_dict(diagnostic) for diagnostic in found])
    for diagnostic in found:
        span, fix = diagnostic.span, diagnostic.fix
        if document.text is not None and span is not None and span.start is not None:
            assert 0 <= span.start <= (span.end or 0) <= len(document.text), diagnostic
        if document.text is not None and fix is not None:
            assert 0 <= fix.start <= fix.end <= len(document.text), diagnostic


def seed() -> int:
    """Returns the same seed for `make test`, another each time for `make verify`."""
    return random.randrange(2**32) if VERIFY else 20260131


def test_mutated_texts_end_with_diagnostics(checker: Checker, tmp_path: Path) -> None:
    start = seed()
    for number in range(count(80_000) // (1 if VERIFY else 4)):
        rng = random.Random(f"{start} {number}")
        suffix, data = rng.choice(TEXTS)
        path = tmp_path / f"config{suffix}"
        data = mutated(rng, data)
        path.write_bytes(data)
        with bounded(lambda n=number, d=data: f"seed {start}, number {n}: {d!r}"):
            look(checker, path, data=number % DATA_EVERY == 0)


def test_random_texts_end_with_diagnostics(checker: Checker, tmp_path: Path) -> None:
    start = seed()
    for number in range(count(10_000) // (1 if VERIFY else 2)):
        rng = random.Random(f"{start} {number}")
        pieces = [
            rng.choice(PIECES) if rng.random() < 0.7 else chr(rng.randrange(0xD800))
            for _ in range(rng.randint(0, 60))
        ]
        path = tmp_path / f"config{rng.choice(['.json', '.csv'])}"
        text = "".join(pieces)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with bounded(lambda n=number, t=text: f"seed {start}, number {n}: {t!r}"):
            look(checker, path, data=number % DATA_EVERY == 0)


def database(path: Path, rng: random.Random) -> None:
    """Makes a config in SQLite whose cells hold anything."""

    def cell() -> Any:
        return rng.choice([
            None, "", rng.choice(PIECES), rng.randbytes(4), rng.randint(-(2**63), 2**63 - 1), rng.random(),
            float("inf"),
            '{"data": "a"}', '{"data": 1}', "{", "[]", "sql", "ingest", "SELECT * FROM data", "orders.csv",
            "a", "duckdb",
        ])  # fmt: skip

    names = ["Layer", "StepName", "StepType", "Engine", "Value", "Params", "Inputs", "Outputs", "Metadata"]
    names += ["project", "enabled", "execution_order"]
    columns = rng.sample(names, rng.randint(2, len(names)))
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"CREATE TABLE transformation_config ({', '.join(columns)})")
        for _ in range(rng.randint(0, 5)):
            values = [str(n) if (n := cell()) == float("inf") else n for _ in columns]
            made.execute(f"INSERT INTO transformation_config VALUES ({', '.join('?' * len(values))})", values)
        made.commit()


def test_databases_with_any_cells_and_any_bytes_end_with_diagnostics(
    checker: Checker, tmp_path: Path
) -> None:
    start = seed()
    path = tmp_path / "config.db"
    for number in range(count(10_000) // (1 if VERIFY else 5)):
        rng = random.Random(f"{start} {number}")
        if number % 10 == 0:
            database(path, rng)
            whole = path.read_bytes()
        else:
            data = bytearray(whole)
            for _ in range(rng.choice([1, 3, 30])):
                data[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(bytes(data[: rng.choice([len(data), len(data), rng.randrange(len(data))])]))
        for journal in ("-journal", "-wal", "-shm"):
            Path(f"{path}{journal}").unlink(missing_ok=True)
        with bounded(lambda n=number: f"database of seed {start}, number {n}"):
            look(checker, path, data=number % DATA_EVERY == 0)


@pytest.mark.parametrize("step", [
    {"layer": "store", "value": "out/" + "9" * 400 + ".csv", "inputs": {"d": "a"}},
    {"layer": "ingest", "value": "9" * 400 + ".csv", "outputs": {"d": "b"}},
    {"layer": "ingest", "value": "orders.csv", "params": {"sep": "((((("}, "outputs": {"d": "b"}},
    {"layer": "connect", "value": "9" * 400 + ".db"},
])  # fmt: skip
def test_what_was_met_once_ends_with_diagnostics(checker: Checker, place: Path, step: dict[str, Any]) -> None:
    steps = [
        {"layer": "ingest", "name": "r", "value": "orders.csv", "outputs": {"d": "a"}},
        {"name": "s"} | step,
    ]
    place.write_text(json.dumps(steps), "utf-8")
    look(checker, place, data=True)


# -- texts that parse --------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12) | st.sampled_from(["a", "b", "data", "orders.csv", "SELECT * FROM data",
    "${var:x}", *PIECES[40:]]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["data", "a", "filter", "select", "sort", "table", "connection",
    "mode"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
SQL = st.lists(
    st.sampled_from([
        "SELECT", "*", "id", "amount", ",", "FROM", "data", "orders.csv", "WHERE", "=", "1", "'x'", "(", ")",
        "GROUP BY", "JOIN",
        "ON", "sum(amount)", "AS", "x", "UNION", ";", '"', "'", "--", "/*", "WITH", "OVER ()", "${var:x}",
        "NULL", "::", "DATE",
        "[1]", "{'a': 1}", "?", "$1", "LIMIT", "ORDER BY", "DESC", "\n", "ü", "PIVOT", "LATERAL",
        "UNNEST([1])", "->", "x -> x",
    ]),
    max_size=14,
).map(" ".join)  # fmt: skip
STEPS = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", "c", "ü d"])},
    optional={
        "layer": st.sampled_from(["connect", "ingest", "transform", "store", "publish"]),
        "type": st.sampled_from(["sql", "function", "config_op", "api"]),
        "engine": st.sampled_from(["pandas", "duckdb", "spark"]),
        "value": SQL | st.text(max_size=10) | st.sampled_from(["orders.csv", "os.system", "dedupe",
        "out.parquet", "x.db"]),
        "params": st.dictionaries(
            st.sampled_from([
                "filter", "select", "derive", "cast", "fill", "sort", "limit", "rename", "drop", "dedupe",
                "operations", "table",
                "connection", "connection_string", "format", "sep", "usecols", "nrows", "mode", "query",
                "keys", "timeout",
            ]),
            VALUES, max_size=3,
        ),
        "inputs": st.dictionaries(st.sampled_from(["data", "x"]), st.sampled_from(["a", "b", "c"]),
        max_size=2),
        "outputs": st.dictionaries(st.sampled_from(["data", "y"]), st.sampled_from(["a", "b", "c", "d"]),
        max_size=2),
        "metadata": st.dictionaries(st.sampled_from(["odibi", "expect", "timeout", "x"]), VALUES, max_size=2),
    },
)  # fmt: skip


@given(st.lists(STEPS, max_size=4))
@settings(
    max_examples=count(3_000),
    suppress_health_check=list(HealthCheck),
)
def test_steps_of_any_values_end_with_diagnostics(checker: Checker, place: Path, steps: list[Any]) -> None:
    place.write_text(json.dumps(steps), "utf-8")
    look(checker, place, data=True)
