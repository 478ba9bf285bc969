"""Two runs of the retail pipeline whose input changed a little: exactly that is told, at each step."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from odibi_core.cli import main
from odibi_core.runs import open_store

SAMPLES = Path(__file__).parent.parent.parent / "sample_configs"
# The steps whose result has a row for each order, and the columns in which a changed quantity shows.
BY_ORDER = {
    "read_orders": {"quantity"},
    "clean_orders": {"quantity"},
    "price_orders": {"quantity", "amount_eur"},
    "add_products": {"quantity", "amount_eur", "margin_eur"},
    "add_stores": {"quantity", "amount_eur", "margin_eur"},
    "flag_returns": {"quantity", "amount_eur", "margin_eur"},
}
UNTOUCHED = ("read_rates", "read_customers", "read_products", "read_stores", "read_returns")


def change_orders(path: Path) -> tuple[set[int], set[int], set[int]]:
    """Adds three orders, removes two and changes the quantity of five; returns the ids, in that order."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    quantity = header.index("quantity")
    ids = [row[0] for row in rows]
    single = [row for row in rows if ids.count(row[0]) == 1 and row[quantity]]
    changed, removed = single[10:15], single[20:22]
    for row in changed:
        row[quantity] = str(int(row[quantity]) + 2)
    last = max(map(int, ids))
    added = [[str(last + 1 + i), *row[1:]] for i, row in enumerate(single[30:33])]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *(row for row in rows if row not in removed), *added])
    return tuple({int(row[0]) for row in some} for some in (added, removed, changed))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The comparison of two runs, and the ids of the orders added, removed and changed in between."""
    copy = tmp_path_factory.mktemp("retail") / "sample_configs"
    shutil.copytree(SAMPLES, copy, ignore=shutil.ignore_patterns("retail", "out", "tracker_logs", "*.db"))
    generate = [sys.executable, copy / "generate.py", "--orders", "2000", "--force"]
    subprocess.run(generate, check=True, capture_output=True)
    config = str(copy / "retail_pipeline.json")
    assert main.run(["run", config, "--quiet"]) == 0
    ids = change_orders(copy / "data" / "retail" / "orders.csv")
    assert main.run(["run", config, "--quiet"]) == 0
    store = open_store(copy / "tracker_logs")
    after, before = (run.run_id for run in store.runs())
    return store.compare(before, after), ids


def keys(diff, sign: str) -> set:
    return {next(iter(row.key.values())) for row in diff.rows if row.sign == sign}


@pytest.mark.parametrize("step", BY_ORDER)
def test_the_orders_that_changed_are_told_by_key_and_no_others(compared, step):
    comparison, (added, removed, changed) = compared
    diff = comparison.diff(step)
    assert (diff.basis, diff.key) == ("all rows", ("order_id",))
    assert (diff.added, diff.removed, diff.changed) == (3, 2, 5)
    assert (keys(diff, "+"), keys(diff, "-"), keys(diff, "~")) == (added, removed, changed)
    assert diff.changed_cells == dict.fromkeys(BY_ORDER[step], 5)


@pytest.mark.parametrize("step", UNTOUCHED)
def test_what_was_not_touched_is_the_same(compared, step):
    assert compared[0].diff(step).is_empty


def test_at_steps_that_add_up_orders_the_rows_told_are_those_that_differ(compared):
    comparison, _ = compared
    told = 0
    for step in ("daily_sales", "sales_by_region", "sales_by_category", "customer_value"):
        diff = comparison.diff(step)
        sides = [{}, {}]
        for side, data in zip(sides, comparison.data.sides(comparison.results(step)[0]), strict=True):
            for row in pq.read_table(data.file).to_pylist():
                side[row[diff.key[0]]] = row
        both = sides[0].keys() & sides[1].keys()
        assert keys(diff, "+") == sides[1].keys() - sides[0].keys()
        assert keys(diff, "-") == sides[0].keys() - sides[1].keys()
        assert keys(diff, "~") == {key for key in both if sides[0][key] != sides[1][key]}
        told += diff.differing
    assert told


def test_the_drift_of_the_changed_column_is_told(compared):
    comparison, _ = compared
    drift = {column.name: column for column in comparison.drift("clean_orders")}
    changes = {changed.name: (changed.before, changed.after) for changed in drift["quantity"].changes}
    assert drift["quantity"].level == "small" and drift["quantity"].whole
    assert changes["mean"][0] != changes["mean"][1]


def test_the_command_tells_the_same(compared, capsys):
    comparison, (added, removed, changed) = compared
    logs = str(comparison.data.store.log_dir)
    assert main.run(["runs", "diff", "--log-dir", logs, "--format", "json"]) == 0
    steps = {step["name"]: step for step in json.loads(capsys.readouterr().out)["steps"]}
    for name in BY_ORDER:
        (data,) = steps[name]["data"]
        found = {
            sign: {row["key"]["order_id"] for row in data["rows"] if row["sign"] == sign} for sign in "+-~"
        }
        assert found == {"+": added, "-": removed, "~": changed}
    assert any(column["column"] == "quantity" for column in steps["clean_orders"]["data"][0]["drift"])
    assert main.run(["runs", "diff", "--log-dir", logs]) == 0
    out = capsys.readouterr().out
    assert out.count("+3 -2 ~5 ") == len(BY_ORDER) and "drift of quantity" in out
