"""csv and tsv: text with a separator, read and written by pandas with pandas' options."""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import FormatError, StepOptionError
from odibi_core.formats.base import LOOK_MOST, LOOK_ROWS, Format, Look, check_text, damaged, is_small
from odibi_core.formats.compression import compression_of, is_damage, level_of, opened
from odibi_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from odibi_core.formats.base import Frame, Options
    from odibi_core.formats.sources import File

_WHOLE_ONLY = {"skipfooter"}
_TAIL = 1 << 16
_PLAIN_HEADER = {"sep", "usecols", "dtype", "parse_dates", "na_values", "decimal", "compression", "nrows"}
_NOT_READ = {"filepath_or_buffer", "chunksize", "iterator"}
_NOT_WRITTEN = {"self", "path_or_buf", "mode"}


class Csv(Format):
    """Comma-separated text."""

    name = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    compressed = True
    spellings: ClassVar[Mapping[str, str]] = {
        "delimiter": "sep",
        "delim": "sep",
        "quote": "quotechar",
        "escape": "escapechar",
        "nullstr": "na_values",
        "null_values": "na_values",
        "columns": "usecols",
    }
    separator: ClassVar[str] = ","

    @functools.cache  # noqa: B019  # formats live as long as the program
    def read_options(self) -> frozenset[str]:
        """Returns pandas' `read_csv` options, but for those that make it read in pieces."""
        import pandas as pd

        return frozenset(inspect.signature(pd.read_csv).parameters) - _NOT_READ - {"delimiter"}

    @functools.cache  # noqa: B019
    def write_options(self) -> frozenset[str]:
        """Returns pandas' `to_csv` options."""
        import pandas as pd

        return frozenset(inspect.signature(pd.DataFrame.to_csv).parameters) - _NOT_WRITTEN

    def checked(self, options: Mapping[str, Any], known: Any, verb: str) -> Options:
        """Returns options by pandas' names; `columns` is `usecols` to the reader and itself to the writer."""
        if "columns" in known and "columns" in options:
            rest = {name: value for name, value in options.items() if name != "columns"}
            return {**super().checked(rest, known, verb), "columns": options["columns"]}
        return super().checked(options, known, verb)

    def read(self, file: File, options: Options) -> Frame:
        """Reads with `pandas.read_csv`; `header` may also be true or false."""
        import pandas as pd

        options = {"sep": self.separator, **options}
        check_text(options, "sep", "a text")
        if isinstance(options.get("header"), bool):
            options["header"] = 0 if options["header"] else None
        if len(str(options["sep"] or "")) > 1 and options["sep"] != r"\s+":  # only this one takes a pattern
            options.setdefault("engine", "python")
        compression = compression_of(file.path, options.pop("compression", "infer"))
        read: Any = pd.read_csv
        frame: Frame
        try:
            if file.is_url:
                frame = read(file.path, compression=compression, **options)
            else:
                with file.open(compression) as handle:
                    frame = read(handle, **options)
            return frame
        except UnicodeDecodeError as error:
            encoding = options.get("encoding") or "utf-8"
            raise FormatError(
                f"`{one_line(file.label)}` is not {encoding} text: byte {error.object[error.start]:#04x} "
                f"at {error.start} ({error.reason})",
                help="say how it is encoded with `encoding`, for example `latin-1`",
            ) from error
        except pd.errors.EmptyDataError as error:
            raise FormatError(f"`{one_line(file.label)}` is empty: it has no header and no rows") from error
        except (TypeError, LookupError, re.error) as error:  # a separator of several characters is a pattern
            raise StepOptionError(
                f"`{one_line(file.label)}` cannot be read with these options: {error}", field="params"
            ) from error
        except ValueError as error:
            raise damaged(file, self.name, error) from error
        except Exception as error:
            if is_damage(error):
                raise damaged(file, self.name, error) from error
            raise

    def look(self, file: File, options: Options) -> Look | None:
        """Reads the first rows; a column of numbers that ends in text is doubtful."""
        options = self._without_map(file, options)
        if is_small(file, options):
            return super().look(file, options)
        if not _WHOLE_ONLY.isdisjoint(options) or options.get("engine") == "pyarrow":
            return None  # these go with no `nrows`
        wanted = options.get("nrows")
        rows = min(wanted, LOOK_ROWS) if isinstance(wanted, int) else LOOK_ROWS
        options = {**options, "nrows": wanted if wanted is not None and not isinstance(wanted, int) else rows}
        frame: Any = self.read(replace(file, most=LOOK_MOST), options)
        if len(frame) < rows or wanted == rows:
            return Look(frame, whole=True)
        return Look(frame, whole=False, doubtful=self._ending_in_text(file, options, frame))

    def _without_map(self, file: File, options: Options) -> Options:
        """Returns options without `memory_map`: it changes nothing, and the start of a file has no map."""
        if options.get("memory_map") is not True or compression_of(
            file.path, options.get("compression", "infer")
        ):
            return options
        return {name: value for name, value in options.items() if name != "memory_map"}

    def _ending_in_text(self, file: File, options: Options, frame: Any) -> frozenset[str]:
        """Returns the columns that hold numbers in the first rows and text in the last, as sorted keys do."""
        import pandas as pd

        compression = compression_of(file.path, options.get("compression", "infer"))
        if compression is not None or not _PLAIN_HEADER.issuperset(options):
            return frozenset()
        with file.open(None) as handle:
            header = handle.readline()
            handle.seek(-_TAIL, io.SEEK_END)
            handle.readline()  # the rest of a row
            tail = io.BytesIO(header + handle.read())
        read: Any = pd.read_csv
        try:
            rest = read(tail, **{"sep": self.separator, **options, "nrows": None, "compression": None})
        except ValueError:
            return frozenset()  # the last rows alone are no table: a quoted text may hold line breaks
        is_number = pd.api.types.is_numeric_dtype
        return frozenset(
            str(name)
            for name in frame.columns
            if is_number(frame[name]) and name in rest.columns and not is_number(rest[name])
        )

    def write(self, frame: Frame, path: Path, options: Options) -> None:
        """Writes with `DataFrame.to_csv`, without an index; a named index is a column like any other."""
        from odibi_core.formats.arrow import pandas_of

        options = {"sep": self.separator, "index": False, **options}
        _check_encoding(options)
        df = pandas_of(frame, named_index=not options["index"])
        compression = compression_of(path, options.get("compression", "infer"))
        level = level_of(options)
        options.pop("compression", None)
        encoding = options.pop("encoding", None) or "utf-8"
        errors = options.pop("errors", "strict")
        with (
            self._refusing(),
            opened(path, "wb", compression, level) as handle,
            io.TextIOWrapper(handle, encoding=encoding, errors=errors, newline="") as text,
        ):
            df.to_csv(text, **options)

    def rehearse(self, frame: Frame, options: Options) -> None:
        """Writes to memory; compression and encoding are left out."""
        from odibi_core.formats.arrow import pandas_of

        _check_encoding(options)
        left = ("compression", "encoding", "errors")
        plain: Options = {"sep": self.separator, "index": False, **options}
        df = pandas_of(frame, named_index=not plain["index"])
        with self._refusing():
            df.to_csv(io.StringIO(), **{name: value for name, value in plain.items() if name not in left})
            check_float_format(df, options)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (TypeError, LookupError, AttributeError, ZeroDivisionError) as error:
            raise StepOptionError(
                f"the {self.name} writer refuses its options: {error}", field="params"
            ) from error

    def append(self, frame: Frame, old: Path, path: Path, options: Options) -> None:
        """Copies the old file as it is and writes the new rows after it, in the old file's column order."""
        from odibi_core.formats.arrow import pandas_of
        from odibi_core.formats.sources import File

        df = pandas_of(frame, named_index=not options.get("index", False))
        has_header = bool(options.get("header", True))
        if has_header:
            look: Options = {
                name: options[name] for name in ("sep", "encoding", "compression") if name in options
            }
            header = self.read(File(old, str(old)), {**look, "nrows": 0})
            df = _in_order(df, [str(name) for name in list(header.columns)], old)
        compression = compression_of(path, options.get("compression", "infer"))
        addition = path.with_name(f"{path.name}.addition")
        try:
            rest = {name: value for name, value in options.items() if name != "compression"}
            self.write(df, addition, {**rest, "header": False, "compression": None})
            with opened(old, "rb", compression) as before, opened(path, "wb", compression) as whole:
                ends_with_newline = _copy(before, whole)
                if not ends_with_newline:
                    whole.write(
                        str(options.get("lineterminator") or "\n").encode(options.get("encoding") or "utf-8")
                    )
                with opened(addition, "rb", None) as new:
                    shutil.copyfileobj(new, whole, 1 << 20)
        finally:
            addition.unlink(missing_ok=True)


class Tsv(Csv):
    """Tab-separated text."""

    name = "tsv"
    suffixes: ClassVar[tuple[str, ...]] = (".tsv", ".tab")
    separator = "\t"


def _check_encoding(options: Mapping[str, Any]) -> None:
    check_text({"encoding": options.get("encoding") or None}, "encoding", "the name of an encoding")
    check_text(options, "errors", "a text")


def check_float_format(df: pd.DataFrame, options: Mapping[str, Any]) -> None:
    """Formats a number as `float_format` says, which a rehearsal without rows does not come to."""
    form = options.get("float_format")
    if isinstance(form, str) and any(dtype.kind == "f" for dtype in df.dtypes):
        try:
            _ = form % 0.5
        except (TypeError, ValueError) as error:
            raise StepOptionError(f"no number can be written so: {error}", field="params") from error


def _in_order(df: pd.DataFrame, header: list[str], old: Path) -> pd.DataFrame:
    names = [str(name) for name in df.columns]
    if names == header:
        return df
    if sorted(names) != sorted(header) or len(set(names)) != len(names):
        added = ", ".join(f"`{name}`" for name in names if name not in header)
        lacking = ", ".join(f"`{name}`" for name in header if name not in names)
        told = "; ".join(
            part
            for part in (
                f"not in the file: {added}" if added else "",
                f"only there: {lacking}" if lacking else "",
            )
            if part
        )
        raise FormatError(
            f"cannot append to `{old}`: its columns are others ({told or 'a name stands twice'})"
        )
    renamed = df.copy(deep=False)
    renamed.columns = names
    return renamed[header]


def _copy(source: Any, sink: Any) -> bool:
    """Copies a stream and returns whether it ended with a newline (or was empty)."""
    last = b"\n"
    while chunk := source.read(1 << 20):
        sink.write(chunk)
        last = chunk[-1:]
    return last in (b"\n", b"\r", b"\0")
