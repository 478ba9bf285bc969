"""`odibi-core init`: what is written over data files passes the check and runs; nothing is overwritten."""

import json

import pytest

from odibi_core.checks import check
from odibi_core.cli import main
from odibi_core.config import read_document


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "my orders.csv").write_text('id,"Order Date",group,é\n1,2026-01-31,a,2\n')
    (tmp_path / "2024.jsonl").write_text('{"a": 1, "say \\"hi\\"": 2}\n')
    return tmp_path


@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_it_reads_selects_and_stores_each_file_and_runs(here, capsys, engine):
    assert main.run(["init", "data/my orders.csv", "2024.jsonl", "-o", "p.json", "--engine", engine]) == 0
    document = read_document("p.json")
    assert [step.name for step in document.steps] == [
        "read_my_orders", "select_my_orders", "store_my_orders",
        "read_data_2024", "select_data_2024", "store_data_2024",
    ]  # fmt: skip
    assert document.steps[0].value == "data/my orders.csv"
    assert document.steps[1].value == 'SELECT\n  id,\n  "Order Date",\n  "group",\n  "é"\nFROM my_orders'
    assert document.steps[4].value == 'SELECT\n  a,\n  "say ""hi"""\nFROM data_2024'
    assert check(document) == ()
    assert main.run(["run", "p.json", "-q"]) == 0
    assert (here / "out" / "my_orders.parquet").exists() and (here / "out" / "data_2024.parquet").exists()


def test_two_files_of_one_name_are_two_datasets(here):
    (here / "my-orders.csv").write_text("a\n1\n")
    assert main.run(["init", "data/my orders.csv", "my-orders.csv", "-o", "p.json"]) == 0
    steps = json.loads((here / "p.json").read_text())
    assert [steps[0]["outputs"], steps[3]["outputs"]] == [{"data": "my_orders"}, {"data": "my_orders_2"}]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "there is no file `nowhere.csv`"),
        (["data"], "is a directory"),
        (["notes.odd"], "no format has the suffix"),
        (["2024.jsonl", "-o", "p.csv"], "is not a .json file"),
        (["2024.jsonl", "-o", "there.json"], "is there already"),
        (["shop.db"], "is a database"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(here, capsys, arguments, told):
    for name in ("notes.odd", "there.json", "shop.db"):
        (here / name).write_text("kept")
    assert main.run(["init", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert (here / "there.json").read_text() == "kept" and not list(here.glob("*_pipeline.json"))
