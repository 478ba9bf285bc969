"""Makes what the sample pipelines need and git does not hold: data, and the other forms of the simple one.

Usage: python sample_configs/generate.py [--orders N] [--force]

Everything is seeded: the same call makes the same data. What is there and newer than this file and
the simple pipeline is left alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COLUMNS = (
    "Layer", "StepName", "StepType", "Engine", "Value", "Params", "Inputs", "Outputs", "Metadata",
    "project", "enabled", "execution_order",
)  # fmt: skip


def config_rows(config: Path, project: str) -> list[tuple[Any, ...]]:
    """Returns a JSON config as rows of `transformation_config`."""
    steps = json.loads(config.read_text(encoding="utf-8"))
    dict_fields = ("params", "inputs", "outputs", "metadata")
    as_text = [
        [json.dumps(step[field]) if step.get(field) else None for field in dict_fields] for step in steps
    ]
    return [
        (
            step["layer"],
            step["name"],
            step["type"],
            step["engine"],
            step.get("value"),
            *texts,
            project,
            1,
            order,
        )
        for order, (step, texts) in enumerate(zip(steps, as_text, strict=True), start=1)
    ]


def write_sqlite_config(rows: list[tuple[Any, ...]], target: Path) -> None:
    """Writes rows as the table `transformation_config` of a new SQLite file."""
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(target)
    with connection:
        types = {"enabled": "INTEGER", "execution_order": "INTEGER"}
        columns = ", ".join(f"{name} {types.get(name, 'TEXT')}" for name in COLUMNS)
        connection.execute(f"CREATE TABLE transformation_config ({columns})")
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO transformation_config VALUES ({marks})", rows)
    connection.close()


def write_csv_config(rows: list[tuple[Any, ...]], target: Path) -> None:
    """Writes rows as a CSV config."""
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def write_retail_data(directory: Path, orders: int) -> None:
    """Writes the retail pipeline's sources: orders, customers, products, stores, returns, rates."""
    import numpy as np
    import pandas as pd

    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20260131)
    regions = ["north", "south", "east", "west"]
    n_customers, n_products, n_stores = max(20, orders // 25), 240, 36

    customers = pd.DataFrame(
        {
            "customer_id": np.arange(1, n_customers + 1),
            "customer_name": [f"Customer {i:05d}" for i in range(1, n_customers + 1)],
            "segment": random.choice(["consumer", "corporate", "public"], n_customers, p=[0.7, 0.2, 0.1]),
            "country": random.choice(["DE", "FR", "GB", "US"], n_customers),
            "signup_date": pd.Timestamp("2021-01-01")
            + pd.to_timedelta(random.integers(0, 1500, n_customers), unit="D"),
        }
    )
    products = pd.DataFrame(
        {
            "product_id": np.arange(1, n_products + 1),
            "product_name": [f"Product {i:03d}" for i in range(1, n_products + 1)],
            "category": random.choice(["audio", "books", "garden", "kitchen", "toys"], n_products),
            "unit_cost": random.uniform(2, 180, n_products).round(2),
        }
    )
    stores = pd.DataFrame(
        {
            "store_id": np.arange(1, n_stores + 1),
            "store_name": [f"Store {i:02d}" for i in range(1, n_stores + 1)],
            "region": random.choice(regions, n_stores),
        }
    )
    order_table = pd.DataFrame(
        {
            "order_id": np.arange(1, orders + 1),
            "customer_id": random.integers(1, n_customers + 1, orders),
            "product_id": random.integers(1, n_products + 1, orders),
            "store_id": random.integers(1, n_stores + 1, orders),
            "quantity": random.integers(1, 9, orders),
            "unit_price": random.uniform(3, 260, orders).round(2),
            "discount": random.choice([0.0, 0.05, 0.1, 0.25], orders, p=[0.6, 0.2, 0.15, 0.05]),
            "currency": random.choice(["EUR", "GBP", "USD"], orders, p=[0.6, 0.2, 0.2]),
            "ordered_at": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(random.integers(0, 365 * 24 * 60, orders), unit="min"),
        }
    )
    # Real sources are never clean: some orders have no quantity, and some came in twice.
    order_table["quantity"] = order_table["quantity"].astype("Int64")
    order_table.loc[random.choice(orders, orders // 200, replace=False), "quantity"] = pd.NA
    order_table = pd.concat([order_table, order_table.sample(orders // 500, random_state=7)])
    returned = order_table.sample(orders // 20, random_state=11)
    returns = pd.DataFrame(
        {
            "order_id": returned["order_id"].to_numpy(),
            "reason": random.choice(["damaged", "late", "wrong item", "changed mind"], len(returned)),
        }
    ).drop_duplicates("order_id")
    rates = pd.DataFrame({"currency": ["EUR", "GBP", "USD"], "to_eur": [1.0, 1.17, 0.92]})

    order_table.to_csv(directory / "orders.csv", index=False)
    customers.to_parquet(directory / "customers.parquet", index=False)
    products.to_csv(directory / "products.csv", index=False)
    stores.to_json(directory / "stores.json", orient="records", indent=1)
    returns.to_json(directory / "returns.jsonl", orient="records", lines=True)
    rates.to_csv(directory / "rates.csv", index=False)


def write_sensor_database(target: Path) -> None:
    """Writes the small SQLite database that the branching pipeline connects to."""
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(target)
    with connection:
        connection.execute("CREATE TABLE readings (sensor TEXT, site TEXT, day TEXT, celsius REAL)")
        connection.executemany(
            "INSERT INTO readings VALUES (?, ?, ?, ?)",
            [
                (
                    f"s{sensor}",
                    "mill" if sensor % 2 else "dock",
                    f"2026-01-{day:02d}",
                    12.0 + sensor + day / 3,
                )
                for sensor in range(1, 7)
                for day in range(1, 11)
            ],
        )
    connection.close()


def main() -> int:
    """Makes what is missing; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the data and other forms of the sample pipelines.")
    parser.add_argument("--orders", type=int, default=120_000, help="orders in the retail data (120000)")
    parser.add_argument("--force", action="store_true", help="make everything anew")
    options = parser.parse_args()
    rows = config_rows(HERE / "simple_pipeline.json", "demo")
    makers = {
        HERE / "simple_pipeline.db": lambda path: write_sqlite_config(rows, path),
        HERE / "simple_pipeline.csv": lambda path: write_csv_config(rows, path),
        HERE / "data" / "sensors.db": write_sensor_database,
        HERE / "data" / "retail" / "rates.csv": lambda path: write_retail_data(path.parent, options.orders),
    }
    newest_source = max(path.stat().st_mtime for path in (Path(__file__), HERE / "simple_pipeline.json"))
    for target, make in makers.items():
        if options.force or not target.exists() or target.stat().st_mtime < newest_source:
            make(target)
            print(f"made {target.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
