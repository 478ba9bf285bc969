"""json (an array of objects) and jsonl (an object a line)."""

from __future__ import annotations

import functools
import inspect
import io
import json
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import FormatError, StepOptionError
from odibi_core.formats.base import Format, Look, check_text, damaged, is_small
from odibi_core.formats.compression import compression_of, is_damage, level_of, opened
from odibi_core.formats.json_start import first_rows, not_json, not_text
from odibi_core.formats.sources import File
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from odibi_core.formats.base import Frame, Options

_OURS = {"usecols", "nrows", "encoding", "compression", "lines"}  # read here; others are pandas' to do
_BATCH = 10_000


class Json(Format):
    """An array of objects, one a row.

    Without options of pandas the text is read and written exactly: no text is taken for a number or a
    date, and every digit of a number survives.
    """

    name = "json"
    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    compressed = True
    spellings: ClassVar[Mapping[str, str]] = {"columns": "usecols"}
    lines: ClassVar[bool] = False

    @functools.cache  # noqa: B019  # formats live as long as the program
    def read_options(self) -> frozenset[str]:
        """Returns pandas' `read_json` options and `usecols`."""
        import pandas as pd

        known = frozenset(inspect.signature(pd.read_json).parameters)
        return (known - {"path_or_buf", "chunksize", "storage_options"}) | {"usecols"}

    @functools.cache  # noqa: B019
    def write_options(self) -> frozenset[str]:
        """Returns pandas' `to_json` options."""
        import pandas as pd

        return frozenset(inspect.signature(pd.DataFrame.to_json).parameters) - {
            "self",
            "path_or_buf",
            "mode",
            "storage_options",
        } | {"encoding"}

    def read(self, file: File, options: Options) -> Frame:
        """Reads objects; with options of `pandas.read_json`, by it."""
        lines = bool(options.pop("lines", self.lines))
        columns, nrows = options.pop("usecols", None), options.pop("nrows", None)
        compression = compression_of(file.path, options.pop("compression", "infer"))
        encoding = _encoding(options.pop("encoding", None))
        text = self._text(file, compression, encoding)
        if options:
            frame: Any = _by_pandas(text, file, {**options, "lines": lines}, self.name)
        else:
            rows = list(_lines(text, file)) if lines else _array(text, file)
            if isinstance(rows, dict):
                frame = _by_pandas(text, file, {}, self.name)
            else:
                frame = _table(rows, file)
        narrowed: Frame = _narrowed(frame, columns, nrows, file)
        return narrowed

    def look(self, file: File, options: Options) -> Look | None:
        """Reads the first rows; where they differ in their keys, more of them may come later: None."""
        if is_small(file, options):
            return super().look(file, options)
        plain = dict(options)
        lines = bool(plain.pop("lines", self.lines))
        columns, nrows = plain.pop("usecols", None), plain.pop("nrows", None)
        compression = compression_of(file.path, plain.pop("compression", "infer"))
        encoding = _encoding(plain.pop("encoding", None))
        if plain:
            return None  # read by pandas, whole
        rows = first_rows(file, compression, encoding, lines=lines)
        if rows is None:
            return None
        return Look(_narrowed(_table(rows, file), columns, nrows, file), whole=False)

    def write(self, frame: Frame, path: Path, options: Options) -> None:
        """Writes one object a line, inside an array for json; with pandas' options, by `to_json`."""
        lines = bool(options.pop("lines", self.lines))
        level = level_of(options)
        compression = compression_of(path, options.pop("compression", "infer"))
        encoding = _encoding(options.pop("encoding", None))
        with opened(path, "wb", compression, level) as handle:
            if options or encoding.lower().replace("-", "") != "utf8":
                _write_by_pandas(frame, handle, {**options, "lines": lines}, encoding, self.name)
            else:
                for chunk in _encoded(frame, lines=lines):
                    handle.write(chunk)

    def rehearse(self, frame: Frame, options: Options) -> None:
        """Writes to memory where pandas has to."""
        _encoding(options.get("encoding"))
        left = ("compression", "encoding", "lines")
        plain = {name: value for name, value in options.items() if name not in left}
        if plain:
            lines = bool(options.get("lines", self.lines))
            _write_by_pandas(frame, io.BytesIO(), {**plain, "lines": lines}, "utf-8", self.name)

    def append(self, frame: Frame, old: Path, path: Path, options: Options) -> None:
        """Writes the old rows, text for text, and the new ones after them."""
        import msgspec

        if options.get("lines"):
            _append_lines(self, frame, old, path, options)
            return
        if set(options) - {"compression"}:
            super().append(frame, old, path, options)
            return
        compression = compression_of(path, options.get("compression", "infer"))
        file = File(old, str(old))
        text = self._text(file, compression, "utf-8")
        try:
            rows = [bytes(row) for row in msgspec.json.decode(text, type=list[msgspec.Raw])]
        except msgspec.DecodeError as error:
            rows = [json.dumps(row).encode() for row in _expect_rows(_array(text, file), file, error)]
        with opened(path, "wb", compression, level_of(options)) as handle:
            for chunk in _encoded(frame, lines=False, before=rows):
                handle.write(chunk)

    def _text(self, file: File, compression: str | None, encoding: str) -> str:
        if file.is_url:
            import urllib.request

            if not str(file.path).startswith(("http://", "https://")):
                raise FormatError(
                    f"{self.name} is read from files and http URLs, not `{one_line(file.label)}`"
                )
            with urllib.request.urlopen(str(file.path)) as answer:  # the scheme is http or https: above
                data = answer.read()
        else:
            try:
                with file.open(compression) as handle:
                    data = handle.read()
            except Exception as error:
                if is_damage(error):
                    raise damaged(file, self.name, error) from error
                raise
        try:
            return str(data, "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding)
        except UnicodeDecodeError as error:
            raise not_text(file, encoding, error) from error
        except LookupError as error:
            raise StepOptionError(f"unknown encoding `{one_line(encoding)}`", field="params") from error


class JsonLines(Json):
    """An object a line."""

    name = "jsonl"
    aliases: ClassVar[tuple[str, ...]] = ("ndjson", "json_lines", "jsonlines")
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    lines = True

    def append(self, frame: Frame, old: Path, path: Path, options: Options) -> None:
        """Copies the old lines as they are and writes the new ones after them."""
        _append_lines(self, frame, old, path, options)


def _encoding(value: Any) -> str:
    """Returns the encoding that an option asks for."""
    check_text({"encoding": value or None}, "encoding", "the name of an encoding")
    return value or "utf-8"


def _append_lines(fmt: Json, frame: Frame, old: Path, path: Path, options: Options) -> None:
    compression = compression_of(path, options.get("compression", "infer"))
    options = {name: value for name, value in options.items() if name != "compression"}
    addition = path.with_name(f"{path.name}.addition")
    try:
        fmt.write(frame, addition, {**options, "compression": None})
        with opened(old, "rb", compression) as before, opened(path, "wb", compression) as whole:
            last = b"\n"
            while chunk := before.read(1 << 20):
                whole.write(chunk)
                last = chunk[-1:]
            if last != b"\n":
                whole.write(b"\n")
            whole.write(addition.read_bytes())
    finally:
        addition.unlink(missing_ok=True)


# -- reading --------------------------------------------------------------------------------------


def _array(text: str, file: File) -> list[Any] | dict[str, Any]:
    import msgspec

    if not text.strip():
        raise FormatError(f"`{one_line(file.label)}` is empty; expected an array of objects")
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        value = _decoded(text, file, 1)  # takes NaN, which other programs write, and tells the place
    if isinstance(value, list | dict):
        return value
    raise FormatError(f"`{one_line(file.label)}` holds {_kind(value)}; expected an array of objects")


def _expect_rows(rows: Any, file: File, error: Exception) -> list[Any]:
    if not isinstance(rows, list):
        raise FormatError(f"cannot append to `{one_line(file.label)}`: it is not an array") from error
    return rows


def _lines(text: str, file: File) -> Iterator[Any]:
    import msgspec

    decode = msgspec.json.Decoder().decode
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.isspace():
            try:
                yield decode(line)
            except (msgspec.DecodeError, RecursionError):
                yield _decoded(line, file, number)


def _decoded(text: str, file: File, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise not_json(file, line, error) from error
    except RecursionError as error:
        raise FormatError(f"`{one_line(file.label)}` is nested too deeply to read") from error


def _table(rows: list[Any], file: File) -> Any:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise FormatError(
                f"`{one_line(file.label)}` holds {_kind(row)} as row {number}; expected objects only"
            )
    from odibi_core.errors import EngineError
    from odibi_core.formats.arrow import rows_to_arrow

    try:
        return rows_to_arrow(rows)
    except EngineError:  # a column that mixes types: pandas holds it as objects
        import pandas as pd

        return pd.DataFrame(rows)


def _by_pandas(text: str, file: File, options: Options, name: str) -> Any:
    import pandas as pd

    exact = {"precise_float": True, "dtype": False, "convert_dates": False}
    try:
        return pd.read_json(io.StringIO(text), **{**exact, **options})
    except TypeError as error:
        raise StepOptionError(f"the {name} reader refuses its options: {error}", field="params") from error
    except (ValueError, AttributeError) as error:
        raise damaged(file, name, error) from error


def _narrowed(frame: Any, columns: Any, nrows: Any, file: File) -> Any:
    if nrows is not None:
        frame = frame.head(int(nrows)) if hasattr(frame, "iloc") else frame.slice(0, int(nrows))
    if columns is None:
        return frame
    names = list(frame.columns) if hasattr(frame, "iloc") else frame.column_names
    lacking = [name for name in columns if name not in names]
    if lacking:
        raise StepOptionError(
            f"`{one_line(file.label)}` has no column `{one_line(str(lacking[0]))}`", field="params"
        )
    kept = [name for name in names if name in set(columns)]
    return frame[kept] if hasattr(frame, "iloc") else frame.select(kept)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


# -- writing --------------------------------------------------------------------------------------


def _encoded(frame: Frame, *, lines: bool, before: list[bytes] | None = None) -> Iterator[bytes]:
    """Yields the file in chunks: exact numbers, ISO 8601 times, null for what is missing.

    `before` are rows, as JSON text, that stand before the frame's.
    """
    import msgspec

    from odibi_core.formats.arrow import table_of

    encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)
    table = table_of(frame)
    first = not before
    if not lines:
        yield b"["
        yield b"\n" + b",\n".join(before) if before else b""
    for batch in table.to_batches(max_chunksize=_BATCH):
        rows = [encoder.encode(row) for row in batch.to_pylist()]
        if not rows:
            continue
        if lines:
            yield b"\n".join(rows) + b"\n"
        else:
            yield (b"\n" if first else b",\n") + b",\n".join(rows)
        first = False
    if not lines:
        yield b"\n]\n" if not first else b"]\n"


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write_by_pandas(frame: Frame, handle: Any, options: Options, encoding: str, name: str) -> None:
    from odibi_core.formats.arrow import pandas_of

    defaults = {"orient": "records", "date_format": "iso", "double_precision": 15}
    merged = {**defaults, **options}
    df = pandas_of(frame, named_index=merged["orient"] in ("records", "values"))
    try:
        text = df.to_json(**merged)
    except (TypeError, ValueError, OverflowError) as error:
        raise StepOptionError(f"the {name} writer refuses: {error}", field="params") from error
    if not text.endswith("\n"):
        text += "\n"
    handle.write(text.encode(encoding))
