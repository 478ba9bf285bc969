"""What Spark reads and writes itself, with pandas' option names put in its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odibi_core.engine.io import is_database
from odibi_core.errors import FormatError, StepOptionError
from odibi_core.formats import find_files, find_format, parse_mode
from odibi_core.formats.atomic import check_target, replacing, replacing_directory
from odibi_core.formats.base import unknown_option
from odibi_core.formats.compression import compression_of, opened
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from odibi_core.formats.base import Format
    from odibi_core.formats.sources import File

NATIVE = ("csv", "tsv", "jsonl", "parquet")  # a .json array Spark reads whole on one core: our reader does
OWN = {
    "csv": {
        "inferSchema", "multiLine", "dateFormat", "timestampFormat", "nullValue", "emptyValue", "nanValue",
        "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace", "samplingRatio", "locale", "lineSep",
        "enforceSchema", "maxColumns", "maxCharsPerColumn", "preferDate", "columnNameOfCorruptRecord",
    },
    "jsonl": {
        "primitivesAsString", "prefersDecimal", "allowComments", "dateFormat", "timestampFormat",
        "samplingRatio", "dropFieldIfAllNull", "locale", "lineSep", "allowUnquotedFieldNames",
    },
    "parquet": {"mergeSchema", "datetimeRebaseMode", "int96RebaseMode"},
}  # fmt: skip
OWN["tsv"] = OWN["csv"]
_TYPES = {
    "str": "string",
    "string": "string",
    "object": "string",
    "category": "string",
    "int": "bigint",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "float": "double",
    "float32": "float",
    "float64": "double",
    "bool": "boolean",
    "boolean": "boolean",
}


class NotNativeError(Exception):
    """Spark's reader has no like of an option; pandas' reader has."""


def read_natively(
    session: SparkSession,
    source: str | Path,
    params: Mapping[str, Any],
    resolve: Callable[[str | Path], Path],
    *,
    remote: bool,
) -> DataFrame | None:
    """Returns a lazy frame over the files of a source, or None where our own readers have to do it.

    A URL with a scheme (`s3a://`, `hdfs://`, `dbfs:/`) is Spark's own affair and goes to it as it is.
    """
    if is_database(source, params) and not has_scheme(source):
        return None
    options = dict(params)
    fmt = find_format(source, options.pop("format", None))
    if fmt.name not in NATIVE or (remote and not has_scheme(source)):
        return None
    try:
        plan = read_plan(fmt, options)
    except NotNativeError:
        return None
    if has_scheme(source):
        paths = [str(source)]
        first = None
    else:
        files = find_files(source, fmt, resolve)
        if any(compression_of(file.path) in ("xz", "zstd") for file in files):
            return None
        check_not_empty(files, fmt)
        paths = [_not_a_pattern(Path(file.path)) for file in files]
        first = Path(files[0].path)
    reader = session.read.options(**plan["options"])
    kind = {"tsv": "csv", "jsonl": "json"}.get(fmt.name, fmt.name)
    loaded = reader.format(kind).load(paths)
    texts = {name for name, wanted in plan["types"].items() if wanted == "string"}
    if texts & set(loaded.columns) and plan["names"] is None:  # before `007` becomes 7
        loaded = reader.schema(_with_text(loaded.schema, texts)).format(kind).load(paths)
    return _shaped(loaded, plan, fmt, str(source), first)


def write_natively(
    frame: DataFrame, target: str | Path, params: Mapping[str, Any], resolve: Callable[[str | Path], Path]
) -> Path | str | None:
    """Writes with Spark's own writer where that keeps the promise of one whole target; else returns None.

    A parquet target is one file, as on the other engines, written by one task. `single_file: false` or
    `partition_by` write a directory of files as Spark does, which takes the target's place when it is whole.
    """
    if is_database(target, params) and not has_scheme(target):
        return None
    options = dict(params)
    fmt = find_format(target, options.pop("format", None))
    mode = parse_mode(options.pop("mode", "overwrite"))
    partitions = options.pop("partition_by", options.pop("partitionBy", None))
    single = bool(options.pop("single_file", partitions is None and not has_scheme(target)))
    kind = {"tsv": "csv", "jsonl": "json"}.get(fmt.name, fmt.name)
    if single:
        path = resolve(target)
        if fmt.name != "parquet" or options or (mode == "append" and path.exists()):
            return None
        check_target(path, mode)
        with (
            replacing(path, mode) as temporary,
            replacing_directory(path.with_name(f".{path.name}.parts")) as parts,
        ):
            frame.coalesce(1).write.format(kind).save(parts.as_uri())
            next(parts.glob("part-*")).rename(temporary)
            parts.joinpath("_SUCCESS").unlink(missing_ok=True)
        _drop(path.with_name(f".{path.name}.parts"))
        return path
    if kind not in ("csv", "json", "parquet"):
        raise StepOptionError(f"{fmt.name} is written as one file only", field="params")
    writer = frame.write.format(kind).options(**_writer_options(fmt, options))
    if partitions is not None:
        writer = writer.partitionBy(*([partitions] if isinstance(partitions, str) else partitions))
    if has_scheme(target):
        writer.mode({"error": "errorifexists"}.get(mode, mode)).save(str(target))
        return str(target)
    path = resolve(target)
    with replacing_directory(path, mode) as temporary:
        writer.save(temporary.as_uri())
        if mode == "append" and path.is_dir():
            _link_into(path, temporary)
    return path


def read_plan(fmt: Format, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns how Spark reads: its `options`, and the `columns`, `names`, `types` and `limit` asked for.

    Raises:
        NotNativeError: Spark's reader has no like of an option.
        StepOptionError: Nobody knows an option.
    """
    own = OWN[fmt.name]
    known = fmt.read_options()
    given = {name: value for name, value in options.items() if name in own and name not in known}
    for name in options:
        if name not in given and name not in known and name not in fmt.spellings:
            raise unknown_option(name, {*own, *known, *fmt.spellings}, f"the {fmt.name} reader")
    pandas_options = fmt.checked(
        {name: value for name, value in options.items() if name not in given}, known, "reader"
    )
    plan: dict[str, Any] = {"options": {}, "columns": None, "limit": None, "types": {}, "names": None}
    if fmt.name in ("csv", "tsv"):
        plan["options"] = {
            "sep": getattr(fmt, "separator", ","),
            "header": True,
            "inferSchema": True,
            "quote": '"',
            "escape": '"',
            "multiLine": True,
            "mode": "FAILFAST",  # the default makes a malformed row nulls, and says nothing
        }
    elif fmt.name == "jsonl":
        plan["options"] = {"mode": "FAILFAST"}
    for name, value in pandas_options.items():
        _translate(plan, fmt, name, value)
    if plan["names"] is not None and "header" not in pandas_options:
        plan["options"]["header"] = False
    plan["numbered"] = plan["options"].get("header") is False and plan["names"] is None
    plan["options"].update({name: _text(value) for name, value in given.items()})
    plan["options"] = {name: _text(value) for name, value in plan["options"].items()}
    return plan


def _translate(plan: dict[str, Any], fmt: Format, name: str, value: Any) -> None:
    spark = plan["options"]
    is_text = fmt.name in ("csv", "tsv")
    if name in ("usecols", "columns") and isinstance(value, list | tuple):
        plan["columns"] = list(value)
    elif name == "nrows" and isinstance(value, int):
        plan["limit"] = value
    elif name in ("engine", "low_memory", "memory_map") or (
        name == "compression" and value in ("infer", None)
    ):
        return
    elif is_text and name == "sep" and isinstance(value, str) and len(value) == 1:
        spark["sep"] = value
    elif is_text and name == "header" and (value in ("infer", 0) or value is None or isinstance(value, bool)):
        spark["header"] = value is not None and value is not False
    elif is_text and name == "names" and isinstance(value, list | tuple):
        plan["names"] = [str(column) for column in value]
    elif is_text and name == "dtype" and isinstance(value, dict):
        plan["types"].update({str(column): _spark_type(kind) for column, kind in value.items()})
    elif is_text and name == "parse_dates" and isinstance(value, list | tuple):
        plan["types"].update({str(column): "timestamp_ntz" for column in value})
    elif is_text and name == "na_values" and isinstance(value, str):
        spark["nullValue"] = value
    elif is_text and name in ("quotechar", "escapechar", "comment", "encoding") and isinstance(value, str):
        spark[{"quotechar": "quote", "escapechar": "escape"}.get(name, name)] = value
    else:
        raise NotNativeError(name)


def _shaped(
    frame: DataFrame, plan: Mapping[str, Any], fmt: Format, label: str, first: Path | None
) -> DataFrame:
    if fmt.name in ("csv", "tsv"):
        if plan["names"] is not None:
            frame = frame.toDF(*plan["names"])
        elif plan["numbered"]:
            frame = frame.toDF(*[str(index) for index in range(len(frame.columns))])
        types = dict(plan["types"])
        for field in frame.schema.fields:  # text has no 32-bit numbers: Spark says so of small ones
            if field.dataType.simpleString() == "int" and field.name not in types:
                types[field.name] = "bigint"
        for column, kind in types.items():
            if column not in frame.columns:
                raise no_column(label, column, frame.columns)
            frame = frame.withColumn(column, frame[f"`{column}`"].cast(kind))
    elif fmt.name == "jsonl" and first is not None:
        frame = _in_written_order(frame, first)
    if plan["columns"] is not None:
        names = frame.columns
        for column in plan["columns"]:
            if not (isinstance(column, int) and column < len(names)) and column not in names:
                raise no_column(label, str(column), names)
        wanted = {names[column] if isinstance(column, int) else column for column in plan["columns"]}
        frame = frame.select(*[f"`{name}`" for name in names if name in wanted])
    return frame if plan["limit"] is None else frame.limit(plan["limit"])


def _with_text(schema: Any, names: set[str]) -> Any:
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType(
        [StructField(field.name, StringType()) if field.name in names else field for field in schema.fields]
    )


def _in_written_order(frame: DataFrame, path: Path) -> DataFrame:
    """Puts the columns in the order of the first line; Spark sorts them by name."""
    with opened(path, "rb", compression_of(path)) as handle:
        line = handle.readline()
    try:
        written = list(json.loads(line))
    except (ValueError, TypeError):
        return frame  # Spark itself will say what is wrong with the line
    rest = [name for name in frame.columns if name not in written]
    return frame.select(*[f"`{name}`" for name in [*(n for n in written if n in frame.columns), *rest]])


def check_not_empty(files: Sequence[File], fmt: Format) -> None:
    """Raises `FormatError` for a file with nothing in it, which Spark would read as no rows."""
    empty = next((file for file in files if Path(file.path).stat().st_size == 0), None)
    if empty is not None:
        raise FormatError(f"`{one_line(empty.label)}` is empty: it has no {fmt.name} in it")


def no_column(label: str, column: str, names: list[str]) -> StepOptionError:
    """Returns the error for a column that an option names and the source has not."""
    close = nearest(column, names)
    return StepOptionError(
        f"`{one_line(label)}` has no column `{one_line(column)}`",
        field="params",
        help=f"did you mean `{close}`" if close else None,
    )


def _writer_options(fmt: Format, options: Mapping[str, Any]) -> dict[str, str]:
    checked = fmt.checked(options, {*fmt.write_options(), *OWN.get(fmt.name, ())}, "writer")
    if checked.pop("index", False):
        raise StepOptionError("a Spark frame has no index to write", field="params")
    named = {"quotechar": "quote", "escapechar": "escape", "na_rep": "nullValue"}
    defaults = {"header": True, "sep": getattr(fmt, "separator", ",")} if fmt.name in ("csv", "tsv") else {}
    return {named.get(name, name): _text(value) for name, value in {**defaults, **checked}.items()}


def _link_into(old: Path, new: Path) -> None:
    """Makes the files of one directory stand in another too, without copying their data."""
    for file in old.rglob("*"):
        if file.is_file() and not file.name.startswith(("_", ".")):
            place = new / file.relative_to(old)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.hardlink_to(file)


def _drop(directory: Path) -> None:
    import shutil

    shutil.rmtree(directory, ignore_errors=True)


def has_scheme(source: str | Path) -> bool:
    """Whether a source or target is a URL that Spark deals with itself."""
    text = str(source)
    return "://" in text or text.startswith("dbfs:/")


def _not_a_pattern(path: Path) -> str:
    """Returns a path as Spark takes it, in which it sees no wildcards."""
    return "".join(f"\\{character}" if character in "*?[]{}\\" else character for character in str(path))


def _spark_type(kind: Any) -> str:
    text = kind.__name__ if isinstance(kind, type) else str(kind)
    return _TYPES.get(text.lower(), text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
