"""What looks like a placeholder in a path and is none: a file of that name is looked for, as in a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.test_option_values import told_and_failed


@pytest.mark.parametrize(
    ("value", "help"),
    [
        ("${SRC}.csv", "`${SRC}` is no placeholder: write ${var:SRC}"),
        ("${}.csv", "`${}` is no placeholder: write ${env:NAME} or ${var:NAME}"),
        ("${secret:SRC}.csv", "`${secret:SRC}` is no placeholder: write ${env:SRC}"),
        ("${ENV:SRC}.csv", "`${ENV:SRC}` is no placeholder: write ${env:SRC}"),
        ("${env:SRC.csv", "`${env:SRC` is no placeholder: write ${env:SRC}"),
        ("${env: SRC}.csv", "`${env: SRC}` is no placeholder: write ${env:SRC}"),
        ("${var:}.csv", "`${var:}` is no placeholder: write ${env:NAME} or ${var:NAME}"),
        ("${env:SRC:-orders}.csv", "`${env:SRC:-orders}` is no placeholder: write ${env:SRC}"),
    ],
)
def test_a_path_that_holds_no_placeholder_is_looked_for_as_it_is_written(
    tmp_path: Path, value: str, help: str
) -> None:
    read = {"layer": "ingest", "name": "read", "value": value, "outputs": {"data": "orders"}}
    told, error = told_and_failed(tmp_path, [read])
    assert error is not None
    (found,) = told
    assert (found.code, found.help) == ("ODB401", help)
    (tmp_path / value).write_text("id\n1\n")
    assert told_and_failed(tmp_path, [read]) == ([], None)


def test_so_is_a_database_file(tmp_path: Path) -> None:
    read = {
        "layer": "ingest", "name": "read", "value": "${SRC}.db", "params": {"table": "orders"},
        "outputs": {"data": "orders"},
    }  # fmt: skip
    told, error = told_and_failed(tmp_path, [read])
    assert error is not None
    assert [(found.code, found.help) for found in told] == [
        ("ODB401", "`${SRC}` is no placeholder: write ${var:SRC}")
    ]
