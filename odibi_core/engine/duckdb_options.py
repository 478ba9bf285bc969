"""pandas' reader and writer options in DuckDB's words, as far as DuckDB has the like of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from odibi_core.errors import StepOptionError
from odibi_core.formats.base import unknown_option
from odibi_core.formats.compression import compression_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.formats.base import Format

# Options of DuckDB's own readers that pass through as they are.
_SHARED = {"filename", "hive_partitioning", "hive_types", "hive_types_autocast", "union_by_name"}
_CSV = _SHARED | {
    "all_varchar",
    "allow_quoted_nulls",
    "auto_detect",
    "auto_type_candidates",
    "buffer_size",
    "column_types",
    "dateformat",
    "decimal_separator",
    "dtypes",
    "force_not_null",
    "ignore_errors",
    "max_line_size",
    "new_line",
    "normalize_names",
    "null_padding",
    "parallel",
    "sample_size",
    "skip",
    "strict_mode",
    "timestampformat",
    "types",
}
_JSON = _SHARED | {
    "dateformat",
    "ignore_errors",
    "maximum_depth",
    "maximum_object_size",
    "maximum_sample_files",
    "sample_size",
    "timestampformat",
    "map_inference_threshold",
    "convert_strings_to_integers",
}
_PARQUET = _SHARED | {"binary_as_string", "file_row_number"}
OWN = {"csv": _CSV, "tsv": _CSV, "json": _JSON, "jsonl": _JSON, "parquet": _PARQUET}

_WITHOUT_EFFECT = {"engine", "low_memory", "memory_map"}  # on the result
_TYPES = {
    "str": "VARCHAR",
    "string": "VARCHAR",
    "object": "VARCHAR",
    "category": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "float64": "DOUBLE",
    "float32": "FLOAT",
    "bool": "BOOLEAN",
    "boolean": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
}
_DUCKDB_TYPE = re.compile(r"[A-Z_]+(\(\d+(,\s*\d+)?\))?(\[\])*")
_ENCODINGS = {
    "utf8": "utf-8",
    "utf8sig": "utf-8",
    "latin1": "latin-1",
    "iso88591": "latin-1",
    "utf16": "utf-16",
}
_COMPRESSIONS = {None: "none", "gzip": "gzip", "zstd": "zstd"}


class NotNativeError(Exception):
    """DuckDB's reader has no like of an option; pandas' reader has."""


class Plan:
    """How DuckDB reads: arguments of its function, and what is done to the columns and rows afterwards."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}
        self.columns: list[str | int] | None = None
        self.limit: int | None = None
        self.numbered = False  # columns without names: pandas calls them 0, 1, ...


def read_plan(fmt: Format, options: Mapping[str, Any], path: str) -> Plan | None:
    """Returns how DuckDB reads files with these options, or None if pandas has to.

    Raises:
        StepOptionError: Neither knows an option, or one only DuckDB has stands beside one only pandas has.
    """
    own = OWN[fmt.name]
    known = fmt.read_options() if options else frozenset[str]()  # asking for them imports pandas
    for name in options:
        if name not in own and name not in known and name not in fmt.spellings:
            raise unknown_option(name, {*own, *known, *fmt.spellings}, f"the {fmt.name} reader")
    given = {name: value for name, value in options.items() if name in own and name not in known}
    pandas_options = fmt.checked(
        {name: value for name, value in options.items() if name not in given}, known, "reader"
    )
    translate = {"csv": _csv, "tsv": _csv, "json": _json, "jsonl": _json, "parquet": _parquet}[fmt.name]
    try:
        plan = translate(fmt, pandas_options, path)
    except NotNativeError as error:
        if given:
            raise StepOptionError(
                f"`{error}` is read by pandas, `{next(iter(given))}` by DuckDB: they do not go together",
                field="params",
            ) from error
        return None
    plan.arguments.update(given)
    return plan


def _csv(fmt: Format, options: dict[str, Any], path: str) -> Plan:
    plan = Plan()
    # The whole dialect is said: sniffing takes a malformed row for a header, and headers for data.
    plan.arguments = {
        "delim": getattr(fmt, "separator", ","),
        "header": True,
        "quote": '"',
        "escape": '"',
        "comment": "",
        "skip": 0,
    }
    for name, value in options.items():
        if name in _WITHOUT_EFFECT or value is _default(fmt, name):
            continue
        translate = _CSV_OPTIONS.get(name)
        if translate is None:
            raise NotNativeError(name)
        translate(plan, name, value)
    if "names" in options and options["names"] is not None and options.get("header", "infer") == "infer":
        plan.arguments["header"] = False  # as in pandas: the first row is data then
    plan.numbered = plan.arguments["header"] is False and "names" not in plan.arguments
    _compression(plan, options, path)
    return plan


def _json(fmt: Format, options: dict[str, Any], path: str) -> Plan:
    plan = Plan()
    lines = bool(options.pop("lines", getattr(fmt, "lines", False)))
    # A key that first comes late in a file would be left out, were types taken from a sample.
    plan.arguments = {"format": "newline_delimited" if lines else "array", "sample_size": -1}
    for name, value in options.items():
        if name == "encoding":
            if _encoding(value) != "utf-8":
                raise NotNativeError(name)
        elif name == "usecols":
            plan.columns = _listed(value, name)
        elif name == "nrows":
            plan.limit = None if value is None else int(value)
        elif name != "compression":
            raise NotNativeError(name)
    _compression(plan, options, path)
    return plan


def _parquet(fmt: Format, options: dict[str, Any], path: str) -> Plan:
    plan = Plan()
    for name, value in options.items():
        if name == "columns":
            plan.columns = None if value is None else _listed(value, name)
        elif name == "nrows":
            plan.limit = None if value is None else int(value)
        elif name not in _WITHOUT_EFFECT:
            raise NotNativeError(name)
    return plan


# -- one function an option -------------------------------------------------------------------------------


def _default(fmt: Format, name: str) -> Any:
    import inspect

    import pandas as pd

    parameter = inspect.signature(pd.read_csv).parameters.get(name)
    # None says nothing of `sep` and `header`, where it means something.
    if parameter is None or name in ("sep", "header"):
        return _NEVER
    return parameter.default


_NEVER = object()


def _sep(plan: Plan, name: str, value: Any) -> None:
    if value is None:
        del plan.arguments["delim"]  # DuckDB finds it out, as pandas' python parser does
    elif isinstance(value, str) and len(value) == 1:
        plan.arguments["delim"] = value
    else:
        raise NotNativeError(name)  # a pattern to pandas


def _header(plan: Plan, name: str, value: Any) -> None:
    if value in ("infer", 0) or value is True:
        plan.arguments["header"] = True
    elif value is None:
        plan.arguments["header"] = False
    else:
        raise NotNativeError(name)


def _header_or_bool(plan: Plan, name: str, value: Any) -> None:
    if value is False:
        plan.arguments["header"] = False
    else:
        _header(plan, name, value)


def _names(plan: Plan, name: str, value: Any) -> None:
    plan.arguments["names"] = [str(column) for column in _listed(value, name)]


def _usecols(plan: Plan, name: str, value: Any) -> None:
    plan.columns = _listed(value, name)


def _nrows(plan: Plan, name: str, value: Any) -> None:
    plan.limit = int(value)


def _skiprows(plan: Plan, name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotNativeError(name)
    plan.arguments["skip"] = value


def _dtype(plan: Plan, name: str, value: Any) -> None:
    if isinstance(value, dict):
        types = {str(column): _duckdb_type(kind, name) for column, kind in value.items()}
        plan.arguments.setdefault("types", {}).update(types)
    elif _duckdb_type(value, name) == "VARCHAR":
        plan.arguments["all_varchar"] = True
    else:
        raise NotNativeError(name)


def _parse_dates(plan: Plan, name: str, value: Any) -> None:
    if isinstance(value, bool):
        if value:
            raise NotNativeError(name)
        return
    for column in _listed(value, name):
        if not isinstance(column, str):
            raise NotNativeError(name)
        plan.arguments.setdefault("types", {})[column] = "TIMESTAMP"


def _na_values(plan: Plan, name: str, value: Any) -> None:
    if isinstance(value, dict):
        raise NotNativeError(name)
    values = [value] if not isinstance(value, list | tuple | set) else list(value)
    known = plan.arguments.get("nullstr", [""])
    plan.arguments["nullstr"] = [*known, *(str(item) for item in values if str(item) not in known)]


def _keep_default_na(plan: Plan, name: str, value: Any) -> None:
    raise NotNativeError(name)


def _text(argument: str) -> Any:
    def translate(plan: Plan, name: str, value: Any) -> None:
        if not isinstance(value, str) or len(value) != 1:
            raise NotNativeError(name)
        plan.arguments[argument] = value

    return translate


def _thousands(plan: Plan, name: str, value: Any) -> None:
    if value == "." or not isinstance(value, str) or len(value) != 1:
        raise NotNativeError(name)  # DuckDB wants `decimal` to be another one then
    plan.arguments["thousands"] = value


def _date_format(plan: Plan, name: str, value: Any) -> None:
    if not isinstance(value, str) or value == "ISO8601" or value == "mixed":
        raise NotNativeError(name)
    plan.arguments["timestampformat"] = value


def _encoding_option(plan: Plan, name: str, value: Any) -> None:
    encoding = _encoding(value)
    if encoding is None:
        raise NotNativeError(name)
    plan.arguments["encoding"] = encoding


def _nothing(plan: Plan, name: str, value: Any) -> None:
    """`compression` is looked at with the path."""


_CSV_OPTIONS: dict[str, Any] = {
    "sep": _sep,
    "header": _header_or_bool,
    "names": _names,
    "usecols": _usecols,
    "nrows": _nrows,
    "skiprows": _skiprows,
    "dtype": _dtype,
    "parse_dates": _parse_dates,
    "na_values": _na_values,
    "keep_default_na": _keep_default_na,
    "quotechar": _text("quote"),
    "escapechar": _text("escape"),
    "comment": _text("comment"),
    "decimal": _text("decimal_separator"),
    "thousands": _thousands,
    "date_format": _date_format,
    "encoding": _encoding_option,
    "compression": _nothing,
}


def _compression(plan: Plan, options: Mapping[str, Any], path: str) -> None:
    compression = compression_of(path, options.get("compression", "infer"))
    if compression not in _COMPRESSIONS:
        raise NotNativeError("compression")
    plan.arguments["compression"] = _COMPRESSIONS[compression]


def _encoding(value: Any) -> str | None:
    if value is None:
        return "utf-8"
    return _ENCODINGS.get(str(value).lower().replace("-", "").replace("_", ""))


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise NotNativeError(name)
    return list(value)


def _duckdb_type(kind: Any, name: str) -> str:
    text = kind.__name__ if isinstance(kind, type) else str(kind)
    found = _TYPES.get(text.lower())
    if found is not None:
        return found
    if _DUCKDB_TYPE.fullmatch(text):
        return text
    raise NotNativeError(name)
