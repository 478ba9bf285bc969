"""The kinds of findings about secrets, the environment and ignored codes (ODB602 on)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

UNSET_ENVIRONMENT = CodeInfo(
    "ODB602", "unset-environment", "error",
    "an environment variable that a step needs is not set",
    "`${env:NAME}` is filled in from the environment when the step runs; without a value the step fails.",
    '{"name": "read", "layer": "ingest", "value": "${env:ODIBI_EXAMPLE_NOT_SET}/orders.csv", '
    '"outputs": {"data": "raw"}}',
    "Set it before the run. Where a config is checked on a machine that will never run it, "
    "`--ignore ODB602` leaves these out.",
)  # fmt: skip
UNSET_VARIABLE = CodeInfo(
    "ODB603", "unset-variable", "error",
    "a variable that a step needs has no value",
    "`${var:NAME}` is filled in from `--var NAME=VALUE`, `--vars FILE` or `variables=`; without a value the "
    "step fails.",
    '{"name": "read", "layer": "ingest", "value": "${var:day}/orders.csv", "outputs": {"data": "raw"}}',
    "Give it a value: `--var day=2026-01-31`, to `check` as to `run`.",
)  # fmt: skip
LITERAL_SECRET = CodeInfo(
    "ODB604", "literal-secret", "warning",
    "a secret stands in the config",
    "Whoever can read the file, its history or a run's log can read the secret.",
    '{"name": "warehouse", "layer": "connect", "value": "postgresql://etl:hunter22@db/sales"}',
    "Put it into the environment and write ${env:NAME} in its place; change the secret if the file was "
    "shared.",
)  # fmt: skip
IDENT_OUTSIDE_SQL = CodeInfo(
    "ODB605", "ident-outside-sql", "warning",
    "an identifier placeholder stands outside SQL",
    "`${ident:NAME}` becomes a quoted identifier in a query. Elsewhere it is left as it is written.",
    '{"name": "read", "layer": "ingest", "value": "${ident:file}.csv", "outputs": {"data": "raw"}}',
    "Write ${var:NAME}.",
)  # fmt: skip
PLACEHOLDER_BREAKS_SQL = CodeInfo(
    "ODB606", "placeholder-breaks-sql", "error",
    "a query holds what looks like a placeholder but is none",
    "It is left as it is written, and no database reads `${` as SQL.",
    '{"name": "clean", "type": "sql", "value": "SELECT * FROM data WHERE day = ${var: day}", '
    '"inputs": {"data": "orders"}, "outputs": {"data": "clean"}}',
    "Write ${env:NAME}, ${var:NAME} or ${ident:NAME}.",
)  # fmt: skip
UNUSED_IGNORE = CodeInfo(
    "ODB620", "unused-ignore", "warning",
    "an ignored code silences nothing",
    "The mistake it was written for is gone, stands in another step, or cannot be ignored: what is wrong "
    "with "
    "the text, the shape of steps and their graph (errors of 1xx and 2xx) stops every run.",
    '{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"raw"}, '
    '"metadata": {"odibi": {"ignore": ["ODB604"]}}}',
    "Take the code out of the list.",
)  # fmt: skip
UNKNOWN_IGNORE = CodeInfo(
    "ODB621", "unknown-ignore", "warning",
    "an ignored code does not exist",
    "Nothing is silenced by it.",
    '{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"raw"}, '
    '"metadata": {"odibi": {"ignore": ["ODB999"]}}}',
    "Write a code or its name; `odibi-core explain --all` lists them.",
)  # fmt: skip
INVALID_IGNORE = CodeInfo(
    "ODB622", "invalid-ignore", "warning",
    "the list of ignored codes is not written as one",
    "`metadata.odibi` is an object, and `ignore` in it a list of codes or names.",
    '{"name": "read", "layer": "ingest", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": '
    '"raw"}, '
    '"metadata": {"odibi": {"ignore": {"ODB304": true}}}}',
    'Write "metadata": {"odibi": {"ignore": ["ODB304"]}}.',
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
