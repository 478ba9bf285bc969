"""The kinds of findings about the text of a config and the shape of its steps (ODB1xx)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

# -- the text ----------------------------------------------------------------------------------------

SYNTAX = CodeInfo(
    "ODB101", "syntax-error", "error",
    "the text is not JSON (or not CSV)",
    "Something is missing or left over at this place, so what follows can only be guessed at. Steps around "
    "the damage are still shown.",
    '[{"name": "read" "layer": "ingest"}]',
    "Write what the message expects. JSON has double quotes, a comma between members and no comma after the "
    "last.",
)  # fmt: skip
NOT_TEXT = CodeInfo(
    "ODB102", "not-text", "error",
    "the file holds binary data, not text",
    "A file was saved under the wrong name, or is damaged.",
    "a Parquet file called pipeline.json",
    "Open the config that is meant: JSON or CSV text, or a SQLite database with the suffix .db, .sqlite or "
    ".sqlite3.",
)  # fmt: skip
ENCODING = CodeInfo(
    "ODB103", "not-utf-8", "error",
    "the text is not UTF-8",
    "JSON is UTF-8. Other encodings give other characters on other machines.",
    "a config saved as Latin-1 or UTF-16",
    "Save the file as UTF-8.",
)  # fmt: skip
BYTE_ORDER_MARK = CodeInfo(
    "ODB104", "byte-order-mark", "error",
    "the JSON text starts with a byte order mark",
    "Some editors on Windows write these three invisible bytes; JSON does not allow them, and other readers "
    "of the file stop there.",
    'EF BB BF [{"name": "read"}]',
    "Save the file as UTF-8 without a byte order mark.",
)  # fmt: skip
EMPTY = CodeInfo(
    "ODB105", "empty-file", "error",
    "the file is empty",
    "An empty file is neither JSON nor CSV; it is often what a failed copy or a full disk leaves.",
    "(no characters, or only spaces)",
    "Write an array of steps; the shortest config is [].",
)  # fmt: skip
NOT_AN_ARRAY = CodeInfo(
    "ODB106", "not-an-array", "error",
    "the config is not an array of steps",
    "A JSON config is an array whose elements are the steps.",
    '{"steps": [{"name": "read"}]}',
    "Put the steps in [ ] at the top of the file.",
)  # fmt: skip
RUN_LOG = CodeInfo(
    "ODB107", "run-log", "error",
    "the file is a run log, not a config",
    "A JSON object with `steps` and `pipeline_id` is what a run leaves behind.",
    '{"pipeline_id": "run_20260131_120000", "steps": []}',
    "Open it with odibi-tui or `odibi-core runs show`.",
)  # fmt: skip
COMMENT = CodeInfo(
    "ODB108", "comment", "error",
    "JSON has no comments",
    "Other readers of the file stop at a comment.",
    '[{"name": "read"} // the orders\n]',
    "Take it out, or keep the words in the step's `metadata`.",
)  # fmt: skip
TRAILING_COMMA = CodeInfo(
    "ODB109", "trailing-comma", "error",
    "a comma with nothing after it",
    "JSON has commas between elements, none after the last.",
    '[{"name": "read",}]',
    "Take the comma out.",
)  # fmt: skip
DUPLICATE_KEY = CodeInfo(
    "ODB110", "duplicate-key", "error",
    "a key stands twice in one object",
    "Most readers keep the last one and say nothing, so half of what is written does nothing.",
    '{"name": "read", "value": "a.csv", "value": "b.csv"}',
    "Keep the one that is meant.",
)  # fmt: skip
NOT_JSON_NUMBER = CodeInfo(
    "ODB111", "not-a-json-number", "error",
    "a number that JSON does not have",
    "NaN and Infinity are not JSON, and a number like 1e999 is too large to be kept.",
    '{"params": {"fill": NaN}}',
    "Write null, a finite number, or a text.",
)  # fmt: skip
TOO_DEEP = CodeInfo(
    "ODB112", "too-deep", "error",
    "the text is nested too deeply",
    "More than 100 brackets are open at once; no config needs that, and reading on would cost more than it "
    "gives.",
    "[[[[[[[[…",
    "Look for brackets that were never closed.",
)  # fmt: skip
LONE_SURROGATE = CodeInfo(
    "ODB113", "lone-surrogate", "error",
    "an escape that is half a character",
    "\\ud83d alone is the first half of a pair; it is no character and cannot be written to any file.",
    '{"name": "read\\ud83d"}',
    "Write both halves, or the character itself.",
)  # fmt: skip

# -- the shape of a step -----------------------------------------------------------------------------

STEP_NOT_OBJECT = CodeInfo(
    "ODB120", "step-not-an-object", "error",
    "an element of the array is not a step",
    "Each element of a config is an object with at least a `name`.",
    '[{"name": "read"}, "clean"]',
    'Write {"name": "clean"}.',
)  # fmt: skip
MISSING_NAME = CodeInfo(
    "ODB121", "missing-name", "error",
    "a step has no name",
    "A step is shown, selected, logged and compared by its name.",
    '[{"layer": "ingest", "value": "orders.csv"}]',
    'Give it one: "name": "read_orders".',
)  # fmt: skip
WRONG_TYPE = CodeInfo(
    "ODB122", "wrong-type", "error",
    "a field is not of the type it has to be",
    "`layer`, `name`, `type`, `engine` and `value` are text; `params`, `inputs`, `outputs` and `metadata` "
    "are objects; what `inputs` and `outputs` hold is text.",
    '{"name": "clean", "inputs": ["orders"]}',
    'Write it in the form that the message asks for: "inputs": {"orders": "orders"}.',
)  # fmt: skip
UNKNOWN_FIELD = CodeInfo(
    "ODB123", "unknown-field", "warning",
    "a step has a field that Odibi does not know",
    "It is read past. Free-form data belongs in `metadata`, options of the operation in `params`.",
    '{"name": "read", "owner": "sales"}',
    "Move it into `metadata` or `params`, or take it out.",
)  # fmt: skip
MISSPELLED_FIELD = CodeInfo(
    "ODB124", "misspelled-field", "error",
    "the name of a field is misspelled",
    "A field of that name would be read past, and the one that is meant keeps its default.",
    '{"name": "clean", "input": {"data": "orders"}}',
    "Write the field as it is called.",
)  # fmt: skip
EMPTY_NAME = CodeInfo(
    "ODB125", "empty-name", "error",
    "a name is empty",
    "A step, an input or an output without a name cannot be spoken of.",
    '{"name": " "}',
    "Give it a name.",
)  # fmt: skip

# -- tables ------------------------------------------------------------------------------------------

CELL_JSON = CodeInfo(
    "ODB140", "cell-not-json", "error",
    "a cell's JSON text does not parse",
    "Params, Inputs, Outputs and Metadata hold JSON objects as text.",
    "{data: orders}",
    'Write JSON: {"data": "orders"}.',
)  # fmt: skip
MISSING_TABLE = CodeInfo(
    "ODB141", "missing-table", "error",
    "the database has no table with steps",
    "Steps are read from `transformation_config` and, where present, `ingestion_source_config`.",
    "a database with the table `transform_config` alone",
    "Name the table `transformation_config`.",
)  # fmt: skip
MISSING_COLUMN = CodeInfo(
    "ODB142", "missing-column", "error",
    "a table lacks a column that steps need",
    "Without this column no step can be made of a row.",
    "a CSV file without `StepName` in its first line",
    "Add the column; names are taken in any case.",
)  # fmt: skip
MISSPELLED_COLUMN = CodeInfo(
    "ODB143", "misspelled-column", "error",
    "the name of a column is misspelled",
    "The column that is meant would be taken as not given.",
    "Layer,StepName,Inptus",
    "Write the column as it is called.",
)  # fmt: skip
BAD_CELL = CodeInfo(
    "ODB144", "bad-cell", "error",
    "a cell holds what its column cannot",
    "`enabled` is yes or no, `execution_order` is a number, and texts are UTF-8.",
    "enabled = 'perhaps'",
    "Write 1 or 0 in `enabled`, a number in `execution_order`.",
)  # fmt: skip
EXTRA_CELLS = CodeInfo(
    "ODB145", "extra-cells", "error",
    "a row has more cells than the header",
    "A comma inside a cell that is not quoted starts a new cell.",
    '{"a": 1, "b": 2} without quotes around the cell',
    'Quote the cell and double the quotes in it: "{""a"": 1, ""b"": 2}".',
)  # fmt: skip
NO_SUCH_PROJECT = CodeInfo(
    "ODB146", "no-such-project", "error",
    "no row belongs to the project asked for",
    "The filter leaves nothing.",
    "--project retial",
    "Ask for a project that is in the `project` column.",
)  # fmt: skip
DUPLICATE_COLUMN = CodeInfo(
    "ODB147", "duplicate-column", "error",
    "two columns have one name",
    "Only one of them can be read.",
    "Layer,StepName,layer",
    "Rename or remove one.",
)  # fmt: skip
FILTER_WITHOUT_COLUMN = CodeInfo(
    "ODB148", "filter-without-column", "error",
    "the source cannot be filtered by project",
    "It has no `project` column, so every step or none would be taken.",
    "odibi-core check pipeline.json --project retail",
    "Leave `project` out, or add the column.",
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
