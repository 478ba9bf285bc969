"""The kinds of findings about SQL, columns and types (ODB3xx)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

# -- SQL ---------------------------------------------------------------------------------------------

SQL_SYNTAX = CodeInfo(
    "ODB301", "sql-syntax", "error",
    "a query is not SQL",
    "The query cannot be parsed at the place shown; often the mistake is the word before it.",
    '{"name": "clean", "type": "sql", "value": "SELEC id FROM data"}',
    "Correct the query at the place shown.",
)  # fmt: skip
UNKNOWN_TABLE = CodeInfo(
    "ODB302", "unknown-table", "error",
    "a query reads a table that the step does not have",
    "A query knows the step's inputs by their local names, the left sides in `inputs`, and what it defines "
    "itself. Datasets of other steps and names of steps are not known in it.",
    '{"name": "clean", "type": "sql", "inputs": {"data": "orders"}, "value": "SELECT * FROM orders"}',
    "Write the local name of an input, or add the dataset to `inputs`.",
)  # fmt: skip
UNKNOWN_FUNCTION = CodeInfo(
    "ODB303", "unknown-function", "error",
    "a query calls a function that does not exist",
    "Neither the engine nor the query defines a function of this name.",
    '{"name": "make", "type": "sql", "value": "SELECT uper(\'north\') AS region"}',
    "Write the name of a function that the engine has.",
)  # fmt: skip
UNKNOWN_COLUMN = CodeInfo(
    "ODB304", "unknown-column", "error",
    "a column is named that the data does not have",
    "The columns of every dataset are worked out from its source through all steps before; this one is not "
    "among them.",
    '{"name": "make", "type": "sql", '
    '"value": "SELECT * FROM (SELECT 9.5 AS amount) AS data WHERE amout > 9"}',
    "Write the name of a column that is there, or keep it in the step that drops it.",
)  # fmt: skip
AMBIGUOUS_COLUMN = CodeInfo(
    "ODB305", "ambiguous-column", "error",
    "a column is in more than one of the tables",
    "Which of them is meant cannot be told.",
    '{"name": "make", "type": "sql", '
    '"value": "SELECT id FROM (SELECT 1 AS id) AS a JOIN (SELECT 1 AS id) AS b ON true"}',
    "Write the table before it: a.id.",
)  # fmt: skip
TYPE_MISMATCH = CodeInfo(
    "ODB306", "type-mismatch", "error",
    "types that do not fit together",
    "A function or operator is given a type that it does not take, such as `sum` of text or a date compared "
    "with a number.",
    '{"name": "make", "type": "sql", "value": "SELECT sum(name) FROM (SELECT \'Ada\' AS name) AS data"}',
    "Convert the value with CAST, or use another column.",
)  # fmt: skip
NO_ROWS = CodeInfo(
    "ODB307", "no-rows", "error",
    "a query whose last statement gives no rows",
    "The result of a step is what its last statement gives. Statements that prepare may stand before it.",
    '{"name": "clean", "type": "sql", "value": "CREATE TABLE t AS SELECT 1 AS x"}',
    "End the query with a SELECT.",
)  # fmt: skip
SQL_REFUSED = CodeInfo(
    "ODB308", "sql-refused", "error",
    "a query that the engine refuses",
    "The query parses, and its tables and columns are there, but the engine cannot do what it asks for.",
    '{"name": "make", "type": "sql", "value": "SELECT id FROM (SELECT 1 AS id) AS data QUALIFY id = 1"}',
    "Follow the message; it is the engine's own.",
)  # fmt: skip
MISPLACED_AGGREGATE = CodeInfo(
    "ODB309", "misplaced-aggregate", "error",
    "an aggregate or window function where none can stand",
    "WHERE and GROUP BY are worked out before rows are brought together, and aggregates cannot stand in each "
    "other.",
    '{"name": "make", "type": "sql", "value": "SELECT id FROM (SELECT 1 AS id) AS data WHERE sum(id) > 9"}',
    "Use HAVING for aggregates, QUALIFY for window functions, or a query around this one.",
)  # fmt: skip
MISSING_GROUP_BY = CodeInfo(
    "ODB310", "missing-group-by", "error",
    "a column beside aggregates that is not grouped by",
    "With aggregates there is one row a group; a column that is not in GROUP BY has many values there.",
    '{"name": "make", "type": "sql", '
    '"value": "SELECT region, count(*) FROM (SELECT \'north\' AS region) AS data"}',
    "Add it to GROUP BY, or bring it together with an aggregate.",
)  # fmt: skip
COLUMN_COUNT = CodeInfo(
    "ODB311", "column-count", "error",
    "numbers of columns that do not fit",
    "The parts of a UNION, INTERSECT or EXCEPT need the same number of columns, a subquery that stands for a "
    "value has one, and a list of names is no longer than what it names.",
    '{"name": "make", "type": "sql", "value": "SELECT 1 UNION SELECT 1, 2"}',
    "Give both sides the same columns.",
)  # fmt: skip
DUPLICATE_ALIAS = CodeInfo(
    "ODB312", "duplicate-alias", "error",
    "two tables in a query have one name",
    "What is written with the name could be of either.",
    '{"name": "make", "type": "sql", "value": "WITH d AS (SELECT 1), d AS (SELECT 2) FROM d"}',
    "Give one of them another alias.",
)  # fmt: skip
ARGUMENT_COUNT = CodeInfo(
    "ODB313", "argument-count", "error",
    "a function is given more or fewer arguments than it takes",
    "The function exists, but not with that many arguments.",
    '{"name": "make", "type": "sql", "value": "SELECT substr(\'north\')"}',
    "Give it the arguments it takes.",
)  # fmt: skip
UNKNOWN_TYPE = CodeInfo(
    "ODB314", "unknown-type", "error",
    "a query converts to a type that does not exist",
    "CAST and `::` need the name of a type.",
    '{"name": "make", "type": "sql", "value": "SELECT CAST(\'1\' AS INTEGR)"}',
    "Write the name of a type, such as INTEGER, DOUBLE, VARCHAR, DATE, TIMESTAMP, BOOLEAN, DECIMAL(10, 2).",
)  # fmt: skip
UNKNOWN_FIELD = CodeInfo(
    "ODB315", "unknown-struct-field", "error",
    "a field is named that a struct does not have",
    "The column is there and is a struct, but has no such field.",
    '{"name": "make", "type": "sql", '
    '"value": "SELECT address.cty FROM (SELECT {\'city\': \'Oslo\'} AS address) AS data"}',
    "Write the name of one of its fields.",
)  # fmt: skip
POSITION = CodeInfo(
    "ODB316", "position-out-of-range", "error",
    "ORDER BY or GROUP BY counts a column that is not there",
    "A number there means the column at that place in the SELECT list.",
    '{"name": "make", "type": "sql", "value": "SELECT 1 AS id ORDER BY 2"}',
    "Write a number within the list, or the column's name.",
)  # fmt: skip
INVALID_CONSTANT = CodeInfo(
    "ODB317", "invalid-constant", "error",
    "a constant in a query that cannot be what it has to be",
    "It cannot be read as the number, date part or pattern that stands there.",
    '{"name": "make", "type": "sql", "value": "SELECT 1 AS id LIMIT \'ten\'"}',
    "Write a constant of the right kind.",
)  # fmt: skip
NAMES_IN_CASE = CodeInfo(
    "ODB318", "names-differ-in-case", "error",
    "two inputs of a sql step differ in case only",
    "SQL ignores case in names, so both would be one table.",
    '{"name": "both", "type": "sql", "inputs": {"data": "a", "Data": "b"}, "value": "SELECT * FROM data"}',
    "Give one of them another local name.",
)  # fmt: skip
UNFILLABLE_VALUE = CodeInfo(
    "ODB319", "unfillable-value", "error",
    "a placeholder's value cannot be written where it stands in a query",
    "SQL has literals for texts, numbers, dates and lists of them; a name is a text.",
    '{"name": "read", "type": "sql", "value": "SELECT * FROM ${ident:table}"}',
    "Give the variable a value that can stand there.",
)  # fmt: skip
UNKNOWN_KEY = CodeInfo(
    "ODB320", "unknown-key", "warning",
    "`metadata.key` names a column that the step's output does not have",
    "Rows of two snapshots are compared by the key; without its columns they cannot be.",
    '{"name": "clean", "type": "sql", "value": "SELECT 1 AS id", "outputs": {"data": "clean"}, '
    '"metadata": {"key": "order_id"}}',
    "Write the name of a column that the step puts out.",
)  # fmt: skip
DOUBTFUL_CONVERSION = CodeInfo(
    "ODB321", "doubtful-conversion", "warning",
    "a conversion fails as soon as a row comes to it",
    "The types cannot be converted, the constant is none of its type, or none of the texts that the column "
    "is known to hold is. While no row comes to it, for the table is empty or another condition leaves them "
    "out, nothing happens.",
    '{"name": "late", "type": "sql", '
    '"value": "SELECT 1 FROM (SELECT 1 AS n, DATE \'2026-01-31\' AS d) AS t WHERE n > 5 AND d > \'soon\'"}',
    "Write a constant of the right kind, or compare with a column of the same type.",
)  # fmt: skip
UNFIT_TEXT = CodeInfo(
    "ODB322", "unfit-text", "error",
    "a column holds a text that cannot be what the query makes of it",
    "At the start of the source stands a text that is no number, date or truth, and each row comes to the "
    "conversion: a CAST, a comparison with a number, a condition that is the column alone.",
    '[{"name": "read", "layer": "ingest", "value": "orders.csv", "outputs": {"data": "orders"}}, '
    '{"name": "make", "type": "sql", "inputs": {"data": "orders"}, "outputs": {"data": "made"}, '
    '"value": "SELECT CAST(status AS INTEGER) AS status FROM data"}]',
    "Use TRY_CAST where such rows may be left empty, compare with a text, or use another column.",
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
