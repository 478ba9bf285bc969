"""The kinds of findings that only a run makes: what its steps raised, at their place in the config."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

SQL_FAILED = CodeInfo(
    "ODB390", "sql-failed", "error",
    "a query failed when it ran",
    "The engine refused the query, or met data it could not work with; the message is the engine's own.",
    '{"name": "clean", "type": "sql", "value": "SELECT CAST(\'x\' AS INTEGER)"}',
    "Correct the query at the place shown, or the data it reads.",
)  # fmt: skip
STEP_FAILED = CodeInfo(
    "ODB490", "step-failed", "error",
    "a step failed when it ran",
    "Reading, writing, connecting or sending did not work; the message says why.",
    '{"name": "write", "layer": "store", "value": "/read-only/out.csv", "inputs": {"data": "orders"}}',
    "Follow the message; the step's log has the whole traceback.",
)  # fmt: skip
FUNCTION_FAILED = CodeInfo(
    "ODB590", "function-failed", "error",
    "a function raised when it ran",
    "The function in `value` raised an exception; its traceback is in the step's log.",
    '{"name": "clean", "type": "function", "value": "cleaning.clean"}',
    "Correct the function, or the data it is given.",
)  # fmt: skip

CODES = (SQL_FAILED, STEP_FAILED, FUNCTION_FAILED)
