"""Queries over inputs of which nothing is known: what is wrong all the same is told, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from odibi_core.checks.schemas import Schema
from odibi_core.checks.sql.examine import examine
from odibi_core.checks.sql.lab import Lab

KNOWN = Schema.of([("id", "BIGINT"), ("name", "VARCHAR"), ("day", "DATE")])


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made


@pytest.mark.parametrize(("query", "wrong"), [
    ("SELECT a, uper(b) AS b FROM u", "uper"),
    ("SELECT a, CAST(b AS INTEGE) AS b FROM u", "INTEGE"),
    ("SELECT a, count(*) AS n FROM u WHERE count(*) > 1 GROUP BY a", "count(*)"),
    ("SELECT a, b, count(*) AS n FROM u GROUP BY a", "b"),
    ("SELECT u.a, k.nam FROM u JOIN k ON u.id = k.id", "nam"),
    ("WITH p AS (SELECT a FROM u) SELECT p.zzz, a FROM p", "zzz"),
    ("SELECT a FROM u WHERE b IN (SELECT id, name FROM k)", "(SELECT id, name FROM k)"),
    ("SELECT a, name + 1 AS x FROM u, k", "name + 1"),
    ("SELECT sum(name) AS n, max(a) AS m FROM k, u", "sum(name)"),
    ("SELECT a, b FROM u UNION ALL SELECT id FROM k", "UNION ALL"),
    ("SELECT x.größe, k.ids FROM u AS x, k", "ids"),
    ("SELECT a FROM u ORDER BY 5", "5"),
    ("SELECT a FROM uu, u", "uu"),
])  # fmt: skip
def test_what_is_wrong_whatever_the_columns_are(lab: Lab, query: str, wrong: str) -> None:
    (mistake,) = examine(lab, query, {"u": None, "v": None, "k": KNOWN}).mistakes
    assert query[mistake.problem.start : mistake.problem.end] == wrong


@pytest.mark.parametrize(("query", "names"), [
    ("SELECT upper(x) AS k, count(*) AS n FROM u GROUP BY k", ["k", "n"]),
    ("SELECT upper(name) AS name, count(*) AS n FROM u GROUP BY name", ["name", "n"]),
    ("SELECT a, name FROM u JOIN k USING (id)", ["a", "name"]),
    ("WITH p AS (SELECT * FROM u) SELECT p.zzz FROM p", ["zzz"]),
    ("SELECT a + 1 AS b, b + 2 AS c FROM u", ["b", "c"]),
    ("SELECT x.a, y.b FROM u AS x JOIN v AS y ON x.id = y.id WHERE zz > 1", ["a", "b"]),
    ("SELECT id FROM u, k", ["id"]),
    ("SELECT (SELECT max(k.id) FROM k WHERE k.id < a) AS most FROM u", ["most"]),
    ("SELECT * FROM u", None), ("FROM u", None), ("SELECT * EXCLUDE (q) FROM u", None),
    ("SELECT COLUMNS('a.*') FROM u", None), ("SELECT * FROM u NATURAL JOIN v", None),
    ("SELECT * FROM u GROUP BY a", None), ("SELECT s.x.y, l[1] AS l FROM u", ["y", "l"]),
    ("SELECT * FROM u UNION ALL SELECT id, name FROM k", None), ("SELECT * FROM u AS t(p, q)", None),
    ("SELECT year(a), abs(b), upper(c), d.e FROM u", None),
    ("SELECT list_transform(l, z -> z + w) FROM u", None),
    ("SELECT a FROM u WHERE (SELECT * FROM v) = 1", ["a"]),
])  # fmt: skip
def test_what_may_be_right_is_left_alone(lab: Lab, query: str, names: list[str] | None) -> None:
    examined = examine(lab, query, {"u": None, "v": None, "k": KNOWN})
    assert examined.mistakes == ()
    assert (None if examined.schema is None else list(examined.schema.names)) == names


def test_a_type_is_not_judged_where_the_column_was_guessed(lab: Lab) -> None:
    tables = {
        "k": Schema.of([("id", "BIGINT"), ("on", "BOOLEAN")]),
        "m": Schema.of([("id", "BIGINT"), ("on", "BIGINT")]),
    }
    found = examine(lab, 'SELECT "on" - 1 AS x FROM k JOIN m ON k.id = m.id', tables).mistakes
    assert [mistake.problem.kind for mistake in found] == ["ambiguous"]
