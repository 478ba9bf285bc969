"""The simple pipeline with pandas and DuckDB by hand: `by_hand.py DATA_DIRECTORY OUT_DIRECTORY`."""

import sys
from pathlib import Path

import duckdb
import pandas as pd

data, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)

raw = pd.read_csv(data / "sample.csv")
connection = duckdb.connect()
connection.register("data", raw)
filtered = connection.execute("SELECT id, name, category, value, timestamp FROM data WHERE value > 100").df()
connection.unregister("data")
connection.register("data", filtered)
aggregated = connection.execute(
    "SELECT category, count(*) AS orders, sum(value) AS total, avg(value) AS average "
    "FROM data GROUP BY category ORDER BY category"
).df()
filtered.to_parquet(out / "filtered.parquet")
aggregated.to_json(out / "aggregated.json", orient="records")
print(f"{len(raw)} rows read, {len(filtered)} and {len(aggregated)} written")
