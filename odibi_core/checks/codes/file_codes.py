"""The kinds of findings about files, formats, options and targets (ODB403 on)."""

from __future__ import annotations

from odibi_core.diagnostics import CodeInfo

# -- formats and options -----------------------------------------------------------------------------

UNKNOWN_FORMAT = CodeInfo(
    "ODB403", "unknown-format", "error",
    "a format that is not known",
    "A file's format is said by `format`, else by its suffix. Known are csv, tsv, json, jsonl, parquet, "
    "avro, excel, and the databases sqlite, duckdb and sql.",
    '{"name": "read", "layer": "ingest", "value": "orders.csv", "params": {"format": "csvv"}}',
    "Correct the suffix, or say the format: \"params\": {\"format\": \"parquet\"}.",
)  # fmt: skip
UNKNOWN_OPTION = CodeInfo(
    "ODB404", "unknown-option", "error",
    "an option that the reader, writer or connection does not take",
    "Readers and writers take pandas' options, and on duckdb and spark those of the engine as well; what "
    "they do not know they refuse.",
    '{"name": "read", "layer": "ingest", "value": "orders.csv", "params": {"seperator": ";"}}',
    "Write an option that the format has (docs/formats.md).",
)  # fmt: skip
MISSING_PACKAGE = CodeInfo(
    "ODB408", "missing-package", "error",
    "a package is needed that is not installed",
    "Excel, Avro, Spark and databases by URL need packages that are not installed with Odibi itself.",
    '{"name": "open", "layer": "connect", "value": "oracle+cx_oracle://host/db"}',
    "Install it as the help says.",
)  # fmt: skip
CONFLICTING_OPTIONS = CodeInfo(
    "ODB417", "conflicting-options", "error",
    "options that do not go together",
    "Two of them say the same thing, or each is for another reader.",
    '{"name": "read", "layer": "ingest", "params": {"connection": "shop", "table": "orders", "query": '
    '"SELECT 1"}}',
    "Leave one of them out.",
)  # fmt: skip
IGNORED_COLUMN = CodeInfo(
    "ODB409", "ignored-column", "warning",
    "an option names a column that the file does not have, and is read past",
    "pandas does not mind types and missing values of columns that are not there; the column that was meant "
    "is read as if nothing was said.",
    '{"name": "read", "layer": "ingest", "value": "orders.csv", "params": {"dtype": {"amout": "str"}}}',
    "Write the name of a column of the file.",
)  # fmt: skip

IGNORED_OPTION = CodeInfo(
    "ODB422", "ignored-option", "warning",
    "an option that nobody looks at",
    "An answer in JSON is read as it is; options that are neither of the request nor of the csv reader are "
    "read past.",
    '{"name": "read", "layer": "ingest", "type": "api", "value": "https://example.org/a", "params": '
    '{"heders": {}}}',
    "Write an option of the request: method, headers, query, format, records, batch_size or body.",
)  # fmt: skip

# -- sources -----------------------------------------------------------------------------------------

UNREADABLE_SOURCE = CodeInfo(
    "ODB405", "unreadable-source", "error",
    "a file is there and cannot be read",
    "It is a directory where a file is needed, or its permissions do not allow reading it.",
    '{"name": "open", "layer": "connect", "value": "shop.db"}',
    "Name a file that can be read, or change its permissions.",
)  # fmt: skip
EMPTY_SOURCE = CodeInfo(
    "ODB406", "empty-source", "error",
    "a file has nothing in it",
    "Without a header or a row there are no columns. A header alone is fine.",
    '{"name": "read", "layer": "ingest", "value": "empty.csv"}',
    "Write the file, or read another.",
)  # fmt: skip
NOT_THE_FORMAT = CodeInfo(
    "ODB407", "not-the-format", "error",
    "a file is not in the format it should be in",
    "Its suffix, or `format`, says one thing and what is in it another; or it is damaged, or written in "
    "another encoding.",
    '{"name": "read", "layer": "ingest", "value": "orders.parquet"}',
    "Say what it is with `format` or `encoding`, or write it anew.",
)  # fmt: skip
WRONG_SEPARATOR = CodeInfo(
    "ODB423", "wrong-separator", "warning",
    "a csv file is read with another separator than it has",
    "All of its header comes to one column, whose name has another separator in it several times.",
    '{"name": "read", "layer": "ingest", "value": "orders.csv"}',
    'Say which it is: "params": {"sep": ";"}.',
)  # fmt: skip
NO_FILES = CodeInfo(
    "ODB410", "no-files", "error",
    "a directory or pattern stands for no file",
    "A directory stands for the files of the format in it, a pattern for those that match it.",
    '{"name": "read", "layer": "ingest", "value": "data/2024-*.csv"}',
    "Correct the pattern, or say the format of the files in the directory.",
)  # fmt: skip
UNKNOWN_SHEET = CodeInfo(
    "ODB415", "unknown-sheet", "error",
    "a workbook has no sheet of a name",
    "`sheet_name` is the name of a sheet, or its number from 0.",
    '{"name": "read", "layer": "ingest", "value": "orders.xlsx", "params": {"sheet_name": "Shet1"}}',
    "Write the name of a sheet of the workbook.",
)  # fmt: skip
INVALID_URL = CodeInfo(
    "ODB416", "invalid-url", "error",
    "a URL that cannot be one",
    "Endpoints have URLs with http or https and a host, databases those that SQLAlchemy reads.",
    '{"name": "read", "layer": "ingest", "type": "api", "value": "htps://example.org/orders"}',
    "Write the whole URL: https://host/path.",
)  # fmt: skip
FILES_DO_NOT_FIT = CodeInfo(
    "ODB419", "files-do-not-fit", "error",
    "the files of a source do not fit below each other",
    "Read together, a column has a type in one of them that does not go with its type in another.",
    '{"name": "read", "layer": "ingest", "value": "data/*.parquet"}',
    "Give the column one type in all of them, or read them in steps of their own.",
)  # fmt: skip
NO_JAVA = CodeInfo(
    "ODB420", "no-java", "warning",
    "Spark needs Java, and there is none here",
    "Spark runs in this process unless it is told to connect to one elsewhere, and needs Java 17 for it.",
    '{"name": "clean", "type": "sql", "engine": "spark", "value": "SELECT * FROM data"}',
    "Install a Java 17 runtime and set JAVA_HOME to it, or use another engine.",
)  # fmt: skip

# -- targets -----------------------------------------------------------------------------------------

UNWRITABLE_TARGET = CodeInfo(
    "ODB411", "unwritable-target", "error",
    "a target cannot be written",
    "It is a directory, or a part of its path is a file, or the permissions do not allow it. Directories "
    "that are not there are no problem: they are made.",
    '{"name": "write", "layer": "store", "value": "orders.csv/out.csv", "inputs": {"data": "orders"}}',
    "Write to another path.",
)  # fmt: skip
TARGET_EXISTS = CodeInfo(
    "ODB412", "target-exists", "error",
    "a target exists and `mode` is error",
    "`mode` error refuses to write what is already there.",
    '{"name": "write", "layer": "store", "value": "out.csv", "inputs": {"data": "orders"}, "params": '
    '{"mode": "error"}}',
    "Use mode overwrite or append, another target, or take the old one away.",
)  # fmt: skip
OVERWRITES_SOURCE = CodeInfo(
    "ODB413", "overwrites-source", "warning",
    "a step writes over a file that the pipeline reads",
    "The next run reads what this one wrote, and the data that was there is gone.",
    '[{"name": "read", "layer": "ingest", "value": "orders.csv", "outputs": {"data": "orders"}}, '
    '{"name": "write", "layer": "store", "value": "orders.csv", "inputs": {"data": "orders"}}]',
    "Write to another file.",
)  # fmt: skip
APPEND_MISMATCH = CodeInfo(
    "ODB414", "append-mismatch", "error",
    "rows are appended to a file or table with other columns",
    "A csv file takes rows with exactly its columns, a table none but its own.",
    '[{"name": "read", "layer": "ingest", "value": "orders.csv", "outputs": {"data": "orders"}}, '
    '{"name": "write", "layer": "store", "value": "log.csv", "inputs": {"data": "orders"}, "params": '
    '{"mode": "append"}}]',
    "Choose the columns before, in a step of their own, or write to another target.",
)  # fmt: skip
SUSPICIOUS_TARGET = CodeInfo(
    "ODB418", "suspicious-target", "warning",
    "a target is probably not what was meant",
    "What is written has one format and a name that says another, or a URL becomes the name of a file.",
    '{"name": "write", "layer": "store", "value": "out.parquet", "inputs": {"data": "orders"}, "params": '
    '{"format": "csv"}}',
    "Let suffix and `format` say the same; send to a URL with a publish step.",
)  # fmt: skip
INVALID_TABLE = CodeInfo(
    "ODB421", "invalid-table", "error",
    "a table cannot have this name",
    "SQLite keeps names that start with sqlite_ for itself.",
    '[{"name": "shop", "layer": "connect", "value": "shop.db"}, '
    '{"name": "write", "layer": "store", "inputs": {"data": "orders"}, "params": {"connection": "shop", '
    '"table": "sqlite_orders"}}]',
    "Give the table another name.",
)  # fmt: skip

CODES = tuple(value for value in list(globals().values()) if isinstance(value, CodeInfo))
