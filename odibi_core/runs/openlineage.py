"""A run as OpenLineage events: what it read and wrote, column by column where that is known.

The form is that of https://openlineage.io/spec/2-0-2/OpenLineage.json. The pipeline's run is the parent of
its steps' runs; a dataset between steps is named after the pipeline, a file by its path, a table by its
database.
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from odibi_core import __version__
from odibi_core.core.node import Step
from odibi_core.plan.reading import CONNECTED, TABLE, spelled
from odibi_core.runs.lineage import step_lineage
from odibi_core.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from odibi_core.journal.events import ErrorInfo
    from odibi_core.journal.record import RunRecord, SnapshotRecord, StepRecord

SCHEMA_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
PRODUCER = f"https://pypi.org/project/odibi-tui/{__version__}"
_FACETS = "https://openlineage.io/spec/facets/"
_VERSIONS = {
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet.json",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet.json",
    "dataSource": "1-0-1/DatasourceDatasetFacet.json",
    "errorMessage": "1-0-1/ErrorMessageRunFacet.json",
    "jobType": "2-0-4/JobTypeJobFacet.json",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet.json",
    "parent": "1-2-0/ParentRunFacet.json",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet.json",
    "schema": "1-2-0/SchemaDatasetFacet.json",
    "sql": "1-1-0/SQLJobFacet.json",
}
_ENDS = {
    "success": "COMPLETE", "reused": "COMPLETE", "failed": "FAIL", "crashed": "FAIL", "timed_out": "FAIL",
    "interrupted": "ABORT", "cancelled": "ABORT",
}  # fmt: skip
# Our ids are made from the run's own, so that exporting a run again tells of the same runs.
_IDS = uuid.UUID("6f1d4f0e-5c2a-5d0b-9a55-0d1b10000001")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SUBTYPES = {"identity": "IDENTITY", "transformation": "TRANSFORMATION", "aggregation": "AGGREGATION"}


def events(
    record: RunRecord, steps: Sequence[Step] = (), *, namespace: str = "odibi"
) -> Iterator[dict[str, Any]]:
    """Yields the events of a run: of the pipeline a start, of each step that began a start and an end, and
    of the pipeline the end.

    Args:
        record: The run. One that is still going on has no end yet.
        steps: Its steps as they ran, where they are known: they tell connections and column lineage.
        namespace: Of the jobs, and of the datasets between steps.
    """
    export = _Export(record, {step.name: step for step in steps}, namespace)
    yield from export.all()


class _Export:
    def __init__(self, record: RunRecord, steps: Mapping[str, Step], namespace: str) -> None:
        self.record = record
        self.namespace = namespace
        self.steps = {info.info.name: steps.get(info.info.name) or _step(info) for info in record.steps}
        self.snapshots = {
            snapshot.dataset: snapshot
            for step in record.steps
            for snapshot in (step.before, step.after)
            if snapshot is not None and snapshot.dataset is not None
        }
        self.columns = {
            key: tuple(column.name for column in snapshot.columns) for key, snapshot in self.snapshots.items()
        }

    def all(self) -> Iterator[dict[str, Any]]:
        record = self.record
        told: list[tuple[datetime, int, dict[str, Any]]] = []
        if record.started is not None:
            run = self.run(None)
            job = self.job(None)
            told.append((record.started, 0, self.event("START", record.started, run, job)))
            ended = record.ended
            if ended is not None and record.state in _ENDS:
                done = self.run(None, error=record.error)
                told.append((ended, 3, self.event(_ENDS[record.state], ended, done, job)))
        for step in record.steps:
            if step.started is None:
                continue
            job = self.job(step)
            told.append((step.started, 1, self.event("START", step.started, self.run(step), job)))
            if step.ended is not None and step.state in _ENDS:
                end = self.event(
                    _ENDS[step.state], step.ended, self.run(step, error=step.error), job,
                    inputs=list(self.inputs(step)), outputs=list(self.outputs(step)),
                )  # fmt: skip
                told.append((step.ended, 2, end))
        for _, _, event in sorted(told, key=lambda item: item[:2]):
            yield event

    def event(
        self,
        kind: str,
        at: datetime,
        run: dict[str, Any],
        job: dict[str, Any],
        *,
        inputs: Sequence[dict[str, Any]] = (),
        outputs: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        return {
            "eventType": kind, "eventTime": at.isoformat(), "run": run, "job": job,
            "inputs": list(inputs), "outputs": list(outputs),
            "producer": PRODUCER, "schemaURL": f"{SCHEMA_URL}#/$defs/RunEvent",
        }  # fmt: skip

    # -- runs and jobs --------------------------------------------------------------------------------

    def run(self, step: StepRecord | None, *, error: ErrorInfo | None = None) -> dict[str, Any]:
        facets: dict[str, Any] = {}
        if step is not None:
            facets["parent"] = _facet(
                "parent",
                run={"runId": self.run_id(None)},
                job={"namespace": self.namespace, "name": self.record.pipeline},
            )
            engine = step.info.engine
            version = self.record.versions.get(engine)
            if version is not None:
                facets["processing_engine"] = _facet(
                    "processing_engine", version=version, name=engine, openlineageAdapterVersion=__version__
                )
        if error is not None:
            told: dict[str, Any] = {"message": plain(error.message), "programmingLanguage": "PYTHON"}
            if error.traceback:
                told["stackTrace"] = plain(error.traceback)
            facets["errorMessage"] = _facet("errorMessage", **told)
        return {"runId": self.run_id(step), "facets": facets}

    def run_id(self, step: StepRecord | None) -> str:
        record = self.record
        started = record.started.isoformat() if record.started is not None else ""
        parts = [record.host, record.base_dir or "", record.run_id, started]
        return str(uuid.uuid5(_IDS, "\n".join([*parts, *([step.info.name] if step is not None else [])])))

    def job(self, step: StepRecord | None) -> dict[str, Any]:
        kind = "PIPELINE" if step is None else "STEP"
        facets = {"jobType": _facet("jobType", processingType="BATCH", integration="ODIBI", jobType=kind)}
        name = self.record.pipeline
        if step is not None:
            name = f"{name}.{step.info.name}"
            if step.info.type == "sql" and step.info.value.strip():
                dialect = "spark" if step.info.engine == "spark" else "duckdb"
                facets["sql"] = _facet("sql", query=plain(step.info.value), dialect=dialect)
        return {"namespace": self.namespace, "name": name, "facets": facets}

    # -- datasets -------------------------------------------------------------------------------------

    def inputs(self, step: StepRecord) -> Iterator[dict[str, Any]]:
        for key in step.info.inputs.values():
            dataset = self.between(key)
            asserted = _assertions(step, key) if step.info.layer in ("store", "publish") else {}
            yield {**dataset, "inputFacets": asserted} if asserted else dataset
        if step.info.layer == "ingest":
            outside = self.outside(step)
            if outside is not None:
                yield self.dataset(*outside, step.after)

    def outputs(self, step: StepRecord) -> Iterator[dict[str, Any]]:
        info = step.info
        lineage = step_lineage(self.steps[info.name], self.columns) if step.state != "failed" else None
        for key in info.outputs.values():
            between = self.between(key)
            if info.layer in ("ingest", "transform"):
                between["facets"] |= _assertions(step, key)
            snapshot = step.before if info.layer in ("store", "publish") else step.after
            yield self.output(step, between, snapshot, lineage)
        if info.layer in ("store", "publish"):
            outside = self.outside(step)
            if outside is not None:
                yield self.output(step, self.dataset(*outside, step.before), step.before, lineage)

    def between(self, key: str) -> dict[str, Any]:
        """A dataset that one step hands to another."""
        return self.dataset(self.namespace, f"{self.record.pipeline}.{key}", self.snapshots.get(key))

    def dataset(self, namespace: str, name: str, snapshot: SnapshotRecord | None) -> dict[str, Any]:
        facets: dict[str, Any] = {}
        if snapshot is not None and snapshot.columns:
            fields = [{"name": column.name, "type": column.type} for column in snapshot.columns]
            facets["schema"] = _facet("schema", fields=fields)
        facets["dataSource"] = _facet("dataSource", name=namespace)
        return {"namespace": namespace, "name": name, "facets": facets}

    def output(
        self, step: StepRecord, dataset: dict[str, Any], snapshot: SnapshotRecord | None, lineage: Any
    ) -> dict[str, Any]:
        if lineage:
            dataset["facets"]["columnLineage"] = _facet("columnLineage", fields=self.fields(step, lineage))
        if snapshot is not None and snapshot.rows is not None:
            dataset["outputFacets"] = {"outputStatistics": _facet("outputStatistics", rowCount=snapshot.rows)}
        return dataset

    def fields(self, step: StepRecord, lineage: Mapping[str, Any]) -> dict[str, Any]:
        return {
            column: {
                "inputFields": [
                    {
                        "namespace": self.namespace,
                        "name": f"{self.record.pipeline}.{step.info.inputs[source.table]}",
                        "field": source.column,
                        "transformations": [{"type": "DIRECT", "subtype": _SUBTYPES[source.kind]}],
                    }
                    for source in sources
                ]
            }
            for column, sources in lineage.items()
        }

    def outside(self, step: StepRecord) -> tuple[str, str] | None:
        """Returns namespace and name of what a step reads or writes outside; None where it is not known."""
        known = self.steps[step.info.name]
        if known.type == "function":
            return None
        params = known.params
        named = spelled(params, TABLE)
        table = None if named is None else params[named]
        if not CONNECTED.isdisjoint(params):
            table = table or (known.value if known.type == "config_op" else "")
            where = params.get("connection_string")
            if where is None:
                opened = self.steps.get(str(params["connection"]))
                where = opened.value if opened is not None else None
            if not where or not isinstance(table, str) or not table or " " in table.strip():
                return None
            return self.place(str(where))[0] if _URL.match(
                str(where)
            ) else f"file://{self.path(str(where))}", table
        if not known.value.strip() or known.type not in ("config_op", "api"):
            return None
        if known.type == "config_op" and isinstance(table, str) and table and not _URL.match(known.value):
            return f"file://{self.path(known.value)}", one_line(table)  # a database in a file
        return self.place(known.value)

    def place(self, value: str) -> tuple[str, str]:
        """Returns namespace and name of a path or URL, without what would be a secret in it."""
        if not _URL.match(value):
            return "file", self.path(value)
        parts = urlsplit(value)
        host = parts.hostname or ""
        port = f":{parts.port}" if "${" not in value and parts.port else ""
        return f"{parts.scheme}://{host}{port}", one_line(parts.path) or "/"

    def path(self, value: str) -> str:
        base = Path(self.record.base_dir) if self.record.base_dir else Path()
        return one_line(os.path.normpath(base / value))


def _assertions(step: StepRecord, key: str) -> dict[str, Any]:
    """Returns the facet that tells whether a dataset was as a step expected, where it expected anything."""
    told = []
    for expectation in step.expectations:
        if expectation.dataset not in (None, key):
            continue
        one: dict[str, Any] = {
            "assertion": expectation.kind, "success": expectation.passed,
            "severity": expectation.severity, "name": one_line(expectation.name),
        }  # fmt: skip
        if len(expectation.on) == 1:
            one["column"] = expectation.on[0]
        if expectation.found is not None:
            one["actual"] = one_line(expectation.found)
        told.append(one)
    return {"dataQualityAssertions": _facet("dataQualityAssertions", assertions=told)} if told else {}


def _facet(kind: str, /, **content: Any) -> dict[str, Any]:
    title = _VERSIONS[kind].partition("/")[2].removesuffix(".json")
    return {"_producer": PRODUCER, "_schemaURL": f"{_FACETS}{_VERSIONS[kind]}#/$defs/{title}", **content}


def _step(record: StepRecord) -> Step:
    """Returns what a run's record knows of a step as a step."""
    info = record.info
    return Step(
        info.layer, info.name, info.type, info.engine, info.value, {}, dict(info.inputs), dict(info.outputs)
    )
