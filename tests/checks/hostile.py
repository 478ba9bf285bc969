"""A config that asks for everything that could be asked for, and a directory with all it could harm."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def hostile_sql(port: int) -> list[str]:
    """Returns SQL that would do something if anybody executed it."""
    web = f"http://127.0.0.1:{port}"
    return [
        "COPY (SELECT 1 AS id) TO 'copied.csv'",
        "SELECT 1 AS id; COPY (SELECT 1) TO 'copied.csv'; SELECT 2 AS id",
        "ATTACH 'attached.duckdb' AS other; CREATE TABLE other.t AS SELECT 1; SELECT * FROM other.t",
        "ATTACH 'shop.db' (TYPE sqlite); DELETE FROM shop.orders; SELECT 1 AS id",
        f"INSTALL httpfs; LOAD httpfs; SELECT * FROM '{web}/x.parquet'",
        f"INSTALL evil FROM '{web}'; SELECT 1 AS id",
        "LOAD '/tmp/evil.duckdb_extension'; SELECT 1 AS id",
        "EXPORT DATABASE 'exported'; SELECT 1 AS id",
        "IMPORT DATABASE 'exported'",
        f"SELECT * FROM read_csv('{web}/x.csv')",
        f"SELECT * FROM read_json_auto('{web}/x.json')",
        "SELECT * FROM read_text('canary.txt')",
        "SELECT * FROM read_blob('canary.txt')",
        "SELECT * FROM 'named.csv'",
        "SELECT * FROM read_csv('canary*.csv')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM sniff_csv('canary.csv')",
        "SELECT * FROM parquet_metadata('canary.parquet')",
        "SELECT getenv('ODIBI_HOSTILE_SECRET') AS secret",
        "SET home_directory = '.'; SELECT 1 AS id",
        "PRAGMA enable_profiling = 'json'; PRAGMA profile_output = 'profile.json'; SELECT 1 AS id",
        "CALL pragma_version()",
        "CREATE SEQUENCE counted; SELECT nextval('counted') AS n",
        "SELECT * FROM query('COPY (SELECT 1) TO ''copied.csv''')",
        "SELECT * FROM query_table('canary')",
        "CREATE MACRO leak() AS TABLE SELECT * FROM read_text('canary.txt'); SELECT * FROM leak()",
        f"CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b', ENDPOINT '127.0.0.1:{port}'); SELECT 1 AS id",
        "SELECT * FROM sqlite_scan('shop.db', 'orders')",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) AS n FROM r",
        "SELECT count(*) AS n FROM range(100000000000) a, range(100000000000) b",
        "SELECT * FROM data WHERE id = (SELECT error('executed'))",
        "PREPARE p AS SELECT 1; EXECUTE p",
        "CHECKPOINT; VACUUM; SELECT 1 AS id",
        "FROM data; COPY data TO 'copied.parquet'; FROM data",
        "PIVOT data ON id USING count(*)",
        "SELECT write_log('x')",
    ]


def config(port: int) -> list[dict[str, Any]]:
    """Returns a pipeline that would reach for everything."""
    web = f"http://127.0.0.1:{port}"
    steps: list[dict[str, Any]] = [
        {"layer": "ingest", "name": "read", "value": "orders.csv", "outputs": {"data": "orders"}},
        {"layer": "connect", "name": "postgres", "value": f"postgresql://me:pw@127.0.0.1:{port}/dw"},
        {
            "layer": "connect",
            "name": "mysql",
            "params": {"driver": "mysql", "host": "127.0.0.1", "port": port},
        },
        {"layer": "connect", "name": "new", "value": "sqlite:///new.db", "params": {"create": True}},
        {"layer": "connect", "name": "duck", "value": "shop.duckdb"},
        {"layer": "connect", "name": "shop", "value": "sqlite:///shop.db"},
    ]
    sources = [
        ("fifo", "pipe.csv", {}), ("zero", "/dev/zero", {"format": "csv"}), ("web", f"{web}/x.csv", {}),
        ("stdin", "/dev/stdin", {"format": "csv"}), ("s3", f"s3://127.0.0.1:{port}/x.parquet", {}),
        ("ftp", f"ftp://127.0.0.1:{port}/x.csv", {}), ("pg", "", {"connection": "postgres", "table": "t"}),
        ("pg_url", "", {"connection_string": f"postgresql://127.0.0.1:{port}/d", "table": "t"}),
        ("loop", "loop.csv", {}), ("folder", "parts", {"format": "csv"}),
        ("pkl", "evil.pkl", {"format": "pickle"}),
        ("proc", "/proc/self/mem", {"format": "parquet"}),
        ("lite", "", {"connection": "shop", "table": "orders"}),
        ("smb", "//127.0.0.1/share/x.csv", {}), ("file_url", "file:///etc/hostname", {"format": "csv"}),
        ("fifo_db", "pipe.db", {"table": "t"}), ("fifo_xlsx", "pipe.xlsx", {}),
    ]  # fmt: skip
    for engine in ("pandas", "duckdb", "spark"):
        for name, value, params in sources:
            steps.append(
                {"layer": "ingest", "name": f"{name} {engine}", "engine": engine, "value": value,
                 "params": params, "outputs": {"data": f"{name}_{engine}"}}
            )  # fmt: skip
        for number, sql in enumerate(hostile_sql(port)):
            steps.append(
                {"layer": "transform", "name": f"sql {number} {engine}", "type": "sql", "engine": engine,
                 "value": sql, "inputs": {"data": "orders"}, "outputs": {"data": f"sql_{number}_{engine}"}}
            )  # fmt: skip
    for number, sql in enumerate(hostile_sql(port)):
        for connection in ("shop", "duck", "new", "postgres"):
            steps.append(
                {"layer": "ingest", "name": f"ask {number} {connection}", "type": "sql", "value": sql,
                 "params": {"connection": connection}, "outputs": {"data": f"ask_{number}_{connection}"}}
            )  # fmt: skip
    sql_of_sqlite = [
        "DELETE FROM orders", "SELECT writefile('written.txt', 'x') AS x", "ATTACH 'other.db' AS o",
        "SELECT load_extension('evil') AS x", "VACUUM INTO 'vacuumed.db'", "PRAGMA journal_mode = WAL",
        "INSERT INTO orders VALUES (9) RETURNING id", "CREATE TABLE made (id INTEGER)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    ]  # fmt: skip
    for number, sql in enumerate(sql_of_sqlite):
        steps.append(
            {"layer": "ingest", "name": f"lite {number}", "type": "sql", "value": sql,
             "params": {"connection": "shop"}, "outputs": {"data": f"lite_{number}"}}
        )  # fmt: skip
    functions = [
        "hostile.run", "hostile.Tools.run", "hostile_package.deep.run", "registered", "os.system",
        "subprocess.run", "builtins.exec", "antigravity.fly", "hostile_late.run", "nothing.at_all",
        "antigravity",
    ]  # fmt: skip
    for name in functions:
        for layer in ("ingest", "transform", "store"):
            step: dict[str, Any] = {
                "layer": layer,
                "name": f"{name} {layer}",
                "type": "function",
                "value": name,
            }
            if layer != "ingest":
                step["inputs"] = {"data": "orders"}
            if layer != "store":
                step["outputs"] = {"data": f"{name}_{layer}"}
            steps.append(step)
    for layer in ("ingest", "transform", "publish"):
        step = {
            "layer": layer,
            "name": f"api {layer}",
            "type": "api",
            "value": web,
            "inputs": {"data": "orders"},
        }
        steps.append(step | ({} if layer == "publish" else {"outputs": {"data": f"api_{layer}"}}))
    targets = [
        "made.csv", "deep/er/made.parquet", f"{web}/in", f"s3://127.0.0.1:{port}/x.parquet", "made.db",
        "made.duckdb", "pipe.csv", "/dev/full", "loop.csv", "made.xlsx",
    ]  # fmt: skip
    for number, target in enumerate(targets):
        for layer, engine in (("store", "pandas"), ("publish", "duckdb"), ("store", "spark")):
            steps.append(
                {"layer": layer, "name": f"write {number} {engine}", "engine": engine, "value": target,
                 "params": {"table": "t"} if target.endswith("db") else {}, "inputs": {"data": "orders"}}
            )  # fmt: skip
    operations: list[dict[str, Any]] = [
        {"filter": "(SELECT content FROM read_text('canary.txt')) = 'x'"},
        {"derive": {"x": "getenv('ODIBI_HOSTILE_SECRET')"}},
        {"filter": "1 = 1); COPY (SELECT 1) TO 'copied.csv'; SELECT (1"},
        {"cast": {"id": "INTEGER); DROP TABLE x; --"}},
    ]  # fmt: skip
    for number, operation in enumerate(operations):
        steps.append(
            {"layer": "transform", "name": f"operation {number}", "params": operation,
             "inputs": {"data": "orders"}, "outputs": {"data": f"operation_{number}"}}
        )  # fmt: skip
    return steps


def build(home: Path, port: int) -> Path:
    """Makes the config and all that it could harm or read."""
    import duckdb

    (home / "orders.csv").write_text("id,amount\n1,2.5\n2,3.5\n")
    # What a query reads by its own name may be looked at; by a pattern, as text or as metadata it may not.
    (home / "parts").mkdir()
    (home / "parts" / "one.csv").write_text("id\n1\n")
    (home / "named.csv").write_text("id\n1\n")
    (home / "canary.txt").write_text("nobody reads this\n")
    (home / "canary.csv").write_text("id\n1\n")
    (home / "canary.parquet").write_bytes(b"PAR1PAR1")
    with closing(sqlite3.connect(home / "shop.db")) as database:
        database.executescript("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2);")
    with duckdb.connect(str(home / "shop.duckdb")) as made:
        made.execute("CREATE TABLE orders AS SELECT 1 AS id; CREATE SEQUENCE counted;")
    for name in ("pipe.csv", "pipe.db", "pipe.xlsx"):
        os.mkfifo(home / name)
    (home / "loop.csv").symlink_to("loop.csv")
    (home / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch pickled'\ntR.")
    harm = "open({name!r}, 'w').close()\nimport socket, os\nsocket.create_connection(('127.0.0.1', {port}))\n"
    (home / "hostile_package").mkdir()
    for name in (
        "hostile",
        "odibi_functions",
        "hostile_package/__init__",
        "hostile_package/deep",
        "hostile_late",
    ):
        text = harm.format(name=f"imported_{Path(name).name}", port=port)
        text += "def run(data=None):\n    return data\nclass Tools:\n    run = run\n"
        if name == "odibi_functions":
            text += "from odibi_core.functions import odibi_function\n"
            text += "@odibi_function('registered')\ndef f(data): return data\n"
        (home / f"{name}.py").write_text(text)
    path = home / "pipeline.json"
    path.write_text(json.dumps(config(port), indent=1))
    return path
