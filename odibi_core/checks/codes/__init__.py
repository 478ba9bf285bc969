"""The kinds of findings about steps that could be read: their fields (ODB126 on), graph, files, secrets."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

# -- fields ------------------------------------------------------------------------------------------

INVALID_LAYER = CodeInfo(
    "ODB126", "invalid-layer", "error",
    "a step's layer is none of the five",
    "The layer decides what a step does: connect, ingest, transform, store or publish.",
    '{"name": "read", "layer": "ingset"}',
    "Write connect, ingest, transform, store or publish.",
)  # fmt: skip
INVALID_TYPE = CodeInfo(
    "ODB127", "invalid-type", "error",
    "a step's type is none of the four",
    "The type decides what `value` means: sql, function, config_op or api.",
    '{"name": "clean", "type": "sequel"}',
    "Write sql, function, config_op or api.",
)  # fmt: skip
INVALID_ENGINE = CodeInfo(
    "ODB128", "invalid-engine", "error",
    "a step's engine is none of the three",
    "Steps run on pandas, duckdb or spark.",
    '{"name": "clean", "engine": "panda"}',
    "Write pandas, duckdb or spark.",
)  # fmt: skip
MISSING_VALUE = CodeInfo(
    "ODB130", "missing-value", "error",
    "a step lacks the value its layer and type need",
    "An ingest step needs something to read, a sql step a query, a function step a function's name, a store "
    "step a target.",
    '{"name": "read", "layer": "ingest", "outputs": {"data": "raw"}}',
    'Write it in `value`: "value": "orders.csv".',
)  # fmt: skip
MISSING_INPUTS = CodeInfo(
    "ODB131", "missing-inputs", "error",
    "a step has nothing to work on",
    "Store and publish steps write what their `inputs` name; a config_op transform works on its one input.",
    '{"name": "write", "layer": "store", "value": "out.csv"}',
    'Name a dataset: "inputs": {"data": "clean"}.',
)  # fmt: skip
TOO_MANY_INPUTS = CodeInfo(
    "ODB133", "too-many-inputs", "error",
    "a step that takes one input has several",
    "Store and publish steps write one dataset, and a config_op transform works on one.",
    '{"name": "write", "layer": "store", "value": "out.csv", "inputs": {"a": "orders", "b": "customers"}}',
    "Join them in a sql step, or write each in a step of its own.",
)  # fmt: skip
NO_OUTPUTS = CodeInfo(
    "ODB132", "no-outputs", "warning",
    "a step's result goes nowhere",
    "What an ingest or transform step makes is dropped when its `outputs` name no dataset.",
    '{"name": "read", "layer": "ingest", "value": "orders.csv"}',
    'Name the result: "outputs": {"data": "orders"}.',
)  # fmt: skip

UNUSED_VALUE = CodeInfo(
    "ODB134", "unused-value", "warning",
    "a step has a value that it does not use",
    "A config_op transform takes its operations from `params`; its `value` is read past, and without "
    "operations the input passes through as it is.",
    '{"name": "clean", "value": "SELECT * FROM data", "inputs": {"data": "orders"}, '
    '"outputs": {"data": "clean"}}',
    'A query needs "type": "sql". Else take the value out, or write operations in `params`.',
)  # fmt: skip

MISSPELLED_OPTION = CodeInfo(
    "ODB135", "misspelled-option", "warning",
    "a key of `metadata` is nearly an option of a step",
    "`metadata` is free-form: what means nothing in it is read past, so an option with a slip in its name "
    "does nothing. Options are timeout, retries, max_retries, retry_delay, isolate, key, expect, tags and "
    "odibi.",
    '{"name": "clean", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": "clean"}, '
    '"metadata": {"timout": 30}}',
    "Correct the name; if it is a note of your own, call it something else or ignore this.",
)  # fmt: skip

# -- the graph ---------------------------------------------------------------------------------------

DUPLICATE_STEP = CodeInfo(
    "ODB201", "duplicate-step-name", "error",
    "two steps have one name",
    "Steps are told apart by their names.",
    '[{"name": "clean"}, {"name": "clean"}]',
    "Rename one of them.",
)  # fmt: skip
DUPLICATE_OUTPUT = CodeInfo(
    "ODB202", "duplicate-output-key", "error",
    "two outputs have one key",
    "Which of the two results the steps that read the key would get is left to chance.",
    '[{"name": "a", "outputs": {"data": "clean"}}, {"name": "b", "outputs": {"data": "clean"}}]',
    "Give each result its own key.",
)  # fmt: skip
UNDEFINED_INPUT = CodeInfo(
    "ODB203", "undefined-input", "error",
    "a step reads a dataset that no step outputs",
    "The step could never start.",
    '{"name": "clean", "inputs": {"data": "raw_dta"}}',
    "Write the key of a step's output, or add the step that outputs it.",
)  # fmt: skip
CYCLE = CodeInfo(
    "ODB204", "circular-dependency", "error",
    "steps need each other in a cycle",
    "Each waits for the other, so none could ever start.",
    '[{"name": "a", "inputs": {"d": "y"}, "outputs": {"d": "x"}}, '
    '{"name": "b", "inputs": {"d": "x"}, "outputs": {"d": "y"}}]',
    "Let one of them read something else.",
)  # fmt: skip
UNDEFINED_CONNECTION = CodeInfo(
    "ODB205", "undefined-connection", "error",
    "a step uses a connection that no connect step opens",
    "`params.connection` is the name of a step in the layer connect.",
    '{"name": "read", "layer": "ingest", "params": {"connection": "warehuose", "table": "orders"}}',
    "Write the name of a connect step, or add one.",
)  # fmt: skip
EMPTY_CONFIG = CodeInfo(
    "ODB206", "empty-config", "error",
    "the config has no steps",
    "There is nothing to run.",
    "[]",
    'Add a step: [{"name": "read", "layer": "ingest", "value": "orders.csv", "outputs": {"data": "raw"}}].',
)  # fmt: skip

# -- files and options -------------------------------------------------------------------------------

MISSING_SOURCE = CodeInfo(
    "ODB401", "missing-source", "error",
    "a file that a step reads does not exist",
    "Relative paths are relative to the base directory: the config file's own, or --base-dir.",
    '{"name": "read", "layer": "ingest", "value": "data/ordes.csv"}',
    "Correct the path, or say where it is relative to with --base-dir.",
)  # fmt: skip
INVALID_OPTION = CodeInfo(
    "ODB402", "invalid-option", "error",
    "an option has a value it cannot have",
    "`timeout` is a number of seconds above 0, `retry_delay` one from 0, `retries` a whole number from 0, "
    "`isolate` true or false, `key` a column or a list of columns, `mode` overwrite, append or error.",
    '{"name": "write", "layer": "store", "params": {"mode": "overwite"}}',
    "Write a value that the option takes.",
)  # fmt: skip

# -- secrets -----------------------------------------------------------------------------------------

MALFORMED_PLACEHOLDER = CodeInfo(
    "ODB601", "malformed-placeholder", "warning",
    "a text looks like a placeholder but is none",
    "Placeholders are ${env:NAME}, ${var:NAME} and, in SQL, ${ident:NAME}. Anything else that starts with $ "
    "is left as it is.",
    '{"name": "read", "value": "${env: API_KEY}"}',
    "Write it in one of these forms, or $${ if ${ is meant.",
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
