"""The kinds of findings about functions and plugins (ODB501 on) and about operations (ODB521 on)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

# -- names -------------------------------------------------------------------------------------------

NOT_A_FUNCTION_NAME = CodeInfo(
    "ODB501", "not-a-function-name", "error",
    "a function's name is not written as one",
    "A function is named `module.function`, with dots, or by the short name it is registered under.",
    '{"name": "score", "type": "function", "value": "scoring:add_score"}',
    "Write it with dots: scoring.add_score.",
)  # fmt: skip
MISSING_MODULE = CodeInfo(
    "ODB502", "missing-module", "error",
    "there is no module of the name",
    "Modules are looked for in the base directory (the config's own, or --base-dir) and among what is "
    "installed for the Python that runs Odibi.",
    '{"name": "score", "type": "function", "value": "scorng.add_score"}',
    "Correct the module's name, or put the module beside the config.",
)  # fmt: skip
MISSING_FUNCTION = CodeInfo(
    "ODB503", "missing-function", "error",
    "a module or class does not have the function",
    "The module is there and was read, without running it; nothing in it binds the name.",
    '{"name": "score", "type": "function", "value": "tools.scoring.add_scor"}',
    "Write the name of a function that the module has.",
)  # fmt: skip
UNREGISTERED_FUNCTION = CodeInfo(
    "ODB504", "unregistered-function", "error",
    "no function is registered under a short name",
    "A name without a dot is one that `@odibi_function` registers in `odibi_functions.py` beside the config, "
    "one of Odibi's own, or a plugin's. It is a warning where modules may register names that no text shows.",
    '{"name": "unique", "type": "function", "value": "dedup"}',
    "Write a registered name, or `module.function`.",
)  # fmt: skip
NOT_CALLABLE = CodeInfo(
    "ODB505", "not-callable", "error",
    "the name stands for something that is no function",
    "A module, a constant or a property cannot be called.",
    '{"name": "score", "type": "function", "value": "scoring.WEIGHTS"}',
    "Name a function.",
)  # fmt: skip
BROKEN_MODULE = CodeInfo(
    "ODB506", "broken-module", "error",
    "the module of a function is not valid Python",
    "The module cannot be imported, nor can anything in it be found.",
    '{"name": "score", "type": "function", "value": "scoring.add_score"}',
    "Correct the module at the line shown.",
)  # fmt: skip
FAILING_IMPORT = CodeInfo(
    "ODB507", "failing-import", "error",
    "the module of a function imports something that is not there",
    "Importing the module, or one that it imports, fails, so the function cannot be called. Only statements "
    "that are certainly carried out count, not those in `try`, `if` or functions.",
    '{"name": "score", "type": "function", "value": "scoring.add_score"}',
    "Install what is missing for the Python that runs Odibi, or correct the import.",
)  # fmt: skip
HIDDEN_MODULE = CodeInfo(
    "ODB508", "hidden-module", "warning",
    "a module beside the config has the name of one of Python's own",
    "Which of the two a run gets depends on whether Python has loaded its own before.",
    '{"name": "score", "type": "function", "value": "statistics.add_score"}',
    "Give the module another name.",
)  # fmt: skip

# -- calls -------------------------------------------------------------------------------------------

INPUT_WITHOUT_PARAMETER = CodeInfo(
    "ODB509", "input-without-parameter", "error",
    "a function has no parameter for an input",
    "An input goes to the parameter of its local name, else to the next one that is free.",
    '{"name": "score", "type": "function", "value": "scoring.add_score", '
    '"inputs": {"orders": "orders", "prices": "prices"}}',
    "Leave the input out, or add a parameter for it.",
)  # fmt: skip
UNKNOWN_PARAMETER = CodeInfo(
    "ODB510", "unknown-parameter", "error",
    "a function does not take a parameter",
    "Everything in `params` is given to the function by keyword.",
    '{"name": "unique", "type": "function", "value": "dedupe", "params": {"key": "id"}}',
    "Write the parameter as the function calls it, or take it out.",
)  # fmt: skip
MISSING_PARAMETER = CodeInfo(
    "ODB511", "missing-parameter", "error",
    "a function needs a parameter that nothing fills",
    "Neither an input nor `params` gives a value for it, and it has no default.",
    '{"name": "merge", "type": "function", "value": "upsert", "inputs": {"current": "a", "changes": "b"}}',
    "Give it in `params`, or as an input of that local name.",
)  # fmt: skip
INPUT_AND_PARAMETER = CodeInfo(
    "ODB512", "input-and-parameter", "error",
    "one name is both an input and a parameter",
    "The function could be given only one of the two.",
    '{"name": "score", "type": "function", "value": "scoring.add_score", '
    '"inputs": {"orders": "orders"}, "params": {"orders": 1}}',
    "Rename the input, or take the parameter out.",
)  # fmt: skip
UNFIT_ENGINE = CodeInfo(
    "ODB513", "unfit-engine", "error",
    "a function does not take frames of the step's engine",
    "`@odibi_function(engines=...)` says whose frames a function takes; a run holds it to that.",
    '{"name": "score", "type": "function", "engine": "duckdb", "value": "score"}',
    "Set the step's `engine` to one that the function takes; the data crosses by itself.",
)  # fmt: skip
UNFIT_VALUE = CodeInfo(
    "ODB514", "unfit-value", "warning",
    "a value does not fit the annotation of the parameter it goes to",
    "Python does not look at annotations, so the function is called all the same, with a value that its "
    "author did not think of.",
    '{"name": "score", "type": "function", "value": "scoring.add_score", "params": {"weight": "2"}}',
    "Give a value of the annotated type.",
)  # fmt: skip
WRONG_DECLARATION = CodeInfo(
    "ODB515", "wrong-declaration", "error",
    "what a function declares about itself cannot be",
    "`@odibi_function` and `Returns` refuse engines and types that do not exist and short names that are "
    "taken, when the module is imported.",
    '{"name": "score", "type": "function", "value": "score"}',
    "Correct the declaration at the line shown.",
)  # fmt: skip
NOT_A_FRAME = CodeInfo(
    "ODB516", "not-a-frame", "error",
    "a function returns something that is no frame",
    "What an ingest or transform step outputs is what its function returns: a frame, a list of dicts, or a "
    "dict of output name to frame.",
    '{"name": "score", "type": "function", "value": "scoring.show", "outputs": {"data": "scored"}}',
    "Return the frame.",
)  # fmt: skip
OUTPUT_NOT_RETURNED = CodeInfo(
    "ODB517", "output-not-returned", "error",
    "a function returns nothing for an output",
    "The keys of the dict that a function returns are matched to the local names in `outputs`.",
    '{"name": "split", "type": "function", "value": "scoring.split", "outputs": {"god": "valid"}}',
    "Write the local name as the function returns it.",
)  # fmt: skip
UNFIT_OPTION = CodeInfo(
    "ODB518", "unfit-option", "error",
    "an option of one of Odibi's own functions has a value it cannot have",
    "The function refuses it when it is called, whatever the data.",
    '{"name": "unique", "type": "function", "value": "dedupe", "params": {"keep": "newest"}, '
    '"inputs": {"data": "orders"}}',
    "Write a value that the option takes (docs/functions.md).",
)  # fmt: skip
ISOLATED_SPARK = CodeInfo(
    "ODB519", "isolated-spark", "error",
    "a function on Spark frames is to run in a process of its own",
    "A Spark frame belongs to its process.",
    '{"name": "score", "type": "function", "engine": "spark", "value": "score", "params": {"isolate": true}}',
    "Set `engine` to pandas, and the data crosses once as Arrow; or take out `isolate`.",
)  # fmt: skip

# -- operations --------------------------------------------------------------------------------------

UNKNOWN_OPERATION = CodeInfo(
    "ODB521", "unknown-operation", "error",
    "a config_op transform has an operation that does not exist",
    "`params` name operations: select, drop, rename, filter, derive, cast, fill, dedupe, sort, limit.",
    '{"name": "top", "type": "config_op", "inputs": {"data": "orders"}, "params": {"sortt": "amount"}}',
    "Write one of these.",
)  # fmt: skip
UNFIT_ARGUMENT = CodeInfo(
    "ODB522", "unfit-argument", "error",
    "an operation is given something that it does not take",
    "`select`, `drop`, `sort` and `dedupe` take a column or a list of them, `rename`, `derive`, `cast` and "
    "`fill` an object with a column each, `filter` an SQL expression, `limit` a whole number.",
    '{"name": "top", "type": "config_op", "inputs": {"data": "orders"}, "params": {"limit": "10"}}',
    "Write what the operation takes (docs/execution.md).",
)  # fmt: skip
COLUMN_TWICE = CodeInfo(
    "ODB523", "column-twice", "error",
    "a result would have two columns of one name",
    "Which of the two a later step means could not be told.",
    '[{"layer": "ingest", "name": "read", "type": "sql", "value": "SELECT 1 AS id, 2 AS amount", '
    '"outputs": {"data": "orders"}}, {"name": "named", "type": "config_op", "inputs": {"data": "orders"}, '
    '"params": {"rename": {"amount": "id"}}}]',
    "Give the column another name.",
)  # fmt: skip
NO_COLUMNS = CodeInfo(
    "ODB524", "no-columns", "error",
    "an operation leaves no column",
    "A dataset has at least one column.",
    '[{"layer": "ingest", "name": "read", "type": "sql", "value": "SELECT 1 AS id", '
    '"outputs": {"data": "orders"}}, {"name": "none", "type": "config_op", "inputs": {"data": "orders"}, '
    '"params": {"drop": ["id"]}}]',
    "Leave one column in.",
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
