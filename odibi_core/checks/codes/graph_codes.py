"""The kinds of findings about the graph beyond its links: unused, unreached, written twice (ODB207 on)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

UNUSED_OUTPUT = CodeInfo(
    "ODB207", "unused-output", "warning",
    "a dataset is made that no step uses",
    "The step does its work for nothing, or the step that was meant to read the dataset reads another one. "
    "Nothing is said where a pipeline stores and publishes nothing: its data is then made to be looked at.",
    '[{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"a"}}, '
    '{"name": "count", "type": "sql", "value": "SELECT 1 AS n", "outputs": {"data": "counted"}}, '
    '{"name": "write", "layer": "store", "value": "out.csv", "inputs": {"data": "a"}}]',
    "Read the dataset in a step, or take out the step that makes it.",
)  # fmt: skip
UNREACHED_STEP = CodeInfo(
    "ODB208", "unreached-step", "info",
    "no data can ever reach a step",
    "It waits for a step that is part of a cycle, and so can never start either.",
    '[{"name": "a", "inputs": {"d": "y"}, "outputs": {"d": "x"}}, '
    '{"name": "b", "inputs": {"d": "x"}, "outputs": {"d": "y"}}, '
    '{"name": "write", "layer": "store", "value": "out.csv", "inputs": {"d": "x"}}]',
    "Break the cycle; nothing else is needed.",
)  # fmt: skip
UNUSED_CONNECTION = CodeInfo(
    "ODB209", "unused-connection", "warning",
    "a connection is opened that no step uses",
    "The run waits for a database it does not need, and fails when the database is not there. Nothing is "
    "said where a function might ask for the connection.",
    '[{"name": "warehouse", "layer": "connect", "value": "sqlite://"}, '
    '{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"a"}}]',
    'Name it where it is meant: "params": {"connection": "warehouse"}. Or take the step out.',
)  # fmt: skip
WRITTEN_TWICE = CodeInfo(
    "ODB210", "target-written-twice", "warning",
    "two steps write one file or table",
    "What one of them writes is replaced by the other, and unless one waits for the other it is left to "
    "chance "
    "by which. Appending is fine where one step waits for the other.",
    '[{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"a"}}, '
    '{"name": "write", "layer": "store", "value": "out.csv", "inputs": {"data": "a"}}, '
    '{"name": "again", "layer": "store", "value": "./out.csv", "inputs": {"data": "a"}}]',
    'Write to another file or table, or append: "params": {"mode": "append"}, the second step waiting for '
    'the '
    "first.",
)  # fmt: skip
READ_UNORDERED = CodeInfo(
    "ODB211", "read-without-waiting", "warning",
    "a step reads what another step writes without waiting for it",
    "Steps run as soon as what their inputs name is there, in no other order. This one may read the file or "
    "table before it is written, or what an earlier run left.",
    '[{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"a"}}, '
    '{"name": "write", "layer": "store", "value": "out.csv", "inputs": {"data": "a"}}, '
    '{"name": "back", "layer": "ingest", "value": "out.csv", "outputs": {"data": "b"}}]',
    'Give the writing step an output and name it as an input of the reading one: "outputs": {"data": '
    '"written"}, '
    '"inputs": {"after": "written"}. Or read the dataset itself.',
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
