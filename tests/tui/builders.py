"""Runs on disk for the screens' tests, written with the journal's own writer at fixed times."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from odibi_core.journal import events as ev
from odibi_core.journal.final_log import write_log
from odibi_core.journal.fold import RunBuilder
from odibi_core.journal.layout import RunPaths
from odibi_core.journal.writer import JournalWriter

NOON = datetime(2026, 1, 31, 12, 4, 12, tzinfo=UTC)


def at(ms, start=NOON):
    return start + timedelta(milliseconds=ms)


class RunFiles:
    """A run in the making: `add` appends events, `close` lets go of the journal as a dead process does."""

    def __init__(self, log_dir, run_id="run_20260131_120412", start=NOON):
        self.paths = RunPaths(Path(log_dir), run_id)
        self.start = start
        self.builder = RunBuilder()
        self.paths.directory.mkdir(parents=True)
        self.writer = JournalWriter(self.paths.journal)

    def at(self, ms):
        return at(ms, self.start)

    def add(self, *events):
        for event in events:
            self.writer.append(event)
            self.builder.apply(event)
        return self

    def begin(self, *steps, pipeline="retail.json", **fields):
        return self.add(
            ev.RunStarted(
                ts=self.start, run_id=self.paths.run_id, pipeline=pipeline, steps=steps, host="here", **fields
            )
        )

    def step(
        self, name, start, end, *, rows_in=None, rows_out=None, columns=(), inputs=(), key=None, worker=0
    ):
        """A step that succeeds, with snapshots of what came in and out."""
        self.add(ev.StepStarted(ts=self.at(start), step=name, worker=worker))
        if rows_in is not None:
            snapshot = ev.Snapshot(
                ts=self.at(start), step=name, position="before", rows=rows_in, columns=tuple(columns),
                dataset=inputs[0] if inputs else None,
            )  # fmt: skip
            self.add(snapshot)
        if rows_out is not None:
            snapshot = ev.Snapshot(
                ts=self.at(end),
                step=name,
                position="after",
                rows=rows_out,
                columns=tuple(columns),
                dataset=key,
            )
            self.add(snapshot)
        return self.add(
            ev.StepFinished(
                ts=self.at(end), step=name, state="success", duration_ms=float(end - start), rows=rows_out
            )
        )

    def table(self, key, table, *, rows=None, number=1):
        """Stores a preview and says so."""
        import pyarrow.parquet as pq

        name = self.paths.data_file(number, "preview")
        (self.paths.directory / name).parent.mkdir(exist_ok=True)
        pq.write_table(table, self.paths.directory / name)
        stored = ev.DatasetStored(ts=self.start, dataset=key, kind="preview", file=name, rows=table.num_rows)
        self.add(stored)
        if rows is not None:
            self.add(ev.DatasetRows(ts=self.start, dataset=key, rows=rows))
        return self

    def kept(self, key, table, *, number):
        """Stores all rows and says so."""
        import pyarrow.parquet as pq

        name = self.paths.data_file(number, "full")
        path = self.paths.directory / name
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, path)
        size, digest = path.stat().st_size, f"{key} of {self.paths.run_id}"
        return self.add(
            ev.DatasetKept(
                ts=self.start, dataset=key, file=name, rows=table.num_rows, bytes=size, digest=digest
            )
        )

    def end(self, state="success", ms=5000, **fields):
        """The run's last event, its final log, and nobody holding the journal any more."""
        self.add(ev.RunFinished(ts=self.at(ms), state=state, duration_ms=float(ms), **fields))
        write_log(self.builder.view(), self.paths.final_log)
        return self.close()

    def close(self):
        self.writer.close()
        return self

    @property
    def record(self):
        return self.builder.view()


def info(name, layer="transform", inputs=(), output=None, needs=(), **fields):
    """A step as a run knows it, reading and writing the keys named."""
    return ev.StepInfo(
        name=name,
        layer=layer,
        inputs={f"data{i or ''}": key for i, key in enumerate(inputs)},
        outputs={"data": output or name} if layer in ("ingest", "transform") else {},
        needs=tuple(needs),
        **fields,
    )


def failed_run(log_dir):
    """A run of six steps: two reads side by side, a retry, a failure, two steps never reached."""
    error = ev.ErrorInfo(
        type="KeyError",
        message="'region'",
        traceback="Traceback (most recent call last):\n  File 'retail.py', line 12\nKeyError: 'region'",
        help="`customers` has no column `region`; `area` exists",
        diagnostic={"path": "retail.json", "line": 18, "column": 34, "field": "value"},
    )
    busy = ev.ErrorInfo(type="HTTPError", message="HTTP 503 from api")
    run = RunFiles(log_dir)
    run.begin(
        info("read_orders", "ingest", output="orders", type="config_op"),
        info("read_customers", "ingest", output="customers", type="config_op"),
        info("geocode", inputs=["customers"], type="function"),
        info("join_orders", inputs=["orders", "geocode"], type="sql", engine="duckdb"),
        info("aggregate_by_region", inputs=["join_orders"], type="sql"),
        info("write_report", "store", inputs=["aggregate_by_region"]),
    )
    run.step("read_customers", 20, 300, rows_out=1204, key="customers", worker=1)
    run.step("read_orders", 10, 1100, rows_out=12480, key="orders")
    run.add(
        ev.StepQueued(ts=run.at(300), step="geocode"),
        ev.StepStarted(ts=run.at(400), step="geocode", worker=1),
        ev.Log(ts=run.at(450), step="geocode", message="asking api for 1,204 addresses"),
        ev.Retry(ts=run.at(900), step="geocode", attempt=1, delay_s=0.8, error=busy),
        ev.Log(
            ts=run.at(905),
            step="geocode",
            level="warning",
            message="HTTP 503 from api, retry in 0.8 s (2 of 3)",
        ),
        ev.StepStarted(ts=run.at(1700), step="geocode", attempt=2, worker=1),
        ev.Snapshot(ts=run.at(2300), step="geocode", position="after", rows=1204, dataset="geocode"),
        ev.StepFinished(
            ts=run.at(2300), step="geocode", state="success", attempt=2, duration_ms=1900.0, rows=1204
        ),
        ev.Memory(ts=run.at(2300), rss_bytes=412_000_000),
        ev.StepStarted(ts=run.at(2310), step="join_orders", worker=0),
        ev.Snapshot(ts=run.at(2311), step="join_orders", position="before", rows=12480, dataset="orders"),
        ev.Log(ts=run.at(2400), step="join_orders", message="[bold]not markup[/] \x1b[31mnor an escape"),
        ev.Log(ts=run.at(3050), step="join_orders", level="error", message="KeyError: 'region'"),
        ev.StepFinished(ts=run.at(3100), step="join_orders", state="failed", duration_ms=790.0, error=error),
        ev.StepFinished(
            ts=run.at(3101), step="aggregate_by_region", state="skipped", reason="`join_orders` failed"
        ),
        ev.StepFinished(ts=run.at(3101), step="write_report", state="skipped", reason="`join_orders` failed"),
    )
    return run.end("failed", 3102, error=error)


def filtered_run(log_dir, *, run_id="run_20260131_120412", rows=40, **fields):
    """A run of a read and a filter whose tables are kept; the filter drops rows and swaps a column."""
    import pyarrow as pa

    ids = list(range(1, rows + 1))
    words = ["north", "south", None, "null", "[bold]x[/]", "a\x1b[31mb", "two\nlines", ""]
    before = pa.table(
        {
            "id": ids,
            "amount": [i * 12.5 for i in ids],
            "region": [words[i % len(words)] for i in ids],
            "notes": [None if i % 3 else f"note {i}" for i in ids],
        }
    )
    kept = [i for i in ids if i % 4]
    after = pa.table(
        {
            "id": kept,
            "amount": [i * 12.5 + (1 if i == 6 else 0) for i in kept],
            "region": [words[i % len(words)] for i in kept],
            "amount_eur": [round(i * 11.5, 2) for i in kept],
        }
    )
    native = {"id": "BIGINT"}
    columns = [
        tuple(ev.ColumnInfo(f.name, str(f.type), native.get(f.name)) for f in table.schema)
        for table in (before, after)
    ]
    run = RunFiles(log_dir, run_id, **fields)
    run.begin(
        info("read_orders", "ingest", output="orders", type="config_op"),
        info("keep_large", inputs=["orders"], output="large", type="sql", engine="duckdb", key=("id",)),
    )
    run.step("read_orders", 0, 400, rows_out=rows, columns=columns[0], key="orders")
    run.table("orders", before, number=1)
    run.add(ev.StepStarted(ts=run.at(400), step="keep_large", worker=0))
    for ms, position, count, schema, key in (
        (401, "before", rows, columns[0], "orders"),
        (900, "after", len(kept), columns[1], "large"),
    ):
        snapshot = ev.Snapshot(
            ts=run.at(ms), step="keep_large", position=position, rows=count, columns=schema, dataset=key
        )
        run.add(snapshot)
    run.table("large", after, number=2)
    run.add(
        ev.StepFinished(ts=run.at(900), step="keep_large", state="success", duration_ms=500.0, rows=len(kept))
    )
    return run.end("success", 950)
