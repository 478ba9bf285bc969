"""Excel workbooks, one sheet at a time, through openpyxl (`pip install "odibi-tui[excel]"`)."""

from __future__ import annotations

import functools
import inspect
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from odibi_core.errors import FormatError, StepOptionError
from odibi_core.formats.base import Format, Look, damaged, require
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odibi_core.formats.base import Frame, Options
    from odibi_core.formats.sources import File

_LOOK_ROWS = 1_000
_LOOK_MOST = 8 << 20
_NOT_READ = {"io", "engine", "storage_options"}
_NOT_WRITTEN = {"self", "excel_writer", "engine", "storage_options", "engine_kwargs"}
MOST_ROWS = 1_048_575  # a sheet's rows less the header


class Excel(Format):
    """An Excel workbook's sheet."""

    name = "excel"
    aliases: ClassVar[tuple[str, ...]] = ("xlsx",)
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")
    spellings: ClassVar[Mapping[str, str]] = {"sheet": "sheet_name"}

    @functools.cache  # noqa: B019  # formats live as long as the program
    def read_options(self) -> frozenset[str]:
        """Returns pandas' `read_excel` options."""
        import pandas as pd

        return frozenset(inspect.signature(pd.read_excel).parameters) - _NOT_READ

    @functools.cache  # noqa: B019
    def write_options(self) -> frozenset[str]:
        """Returns pandas' `to_excel` options."""
        import pandas as pd

        return frozenset(inspect.signature(pd.DataFrame.to_excel).parameters) - _NOT_WRITTEN

    def read(self, file: File, options: Options) -> Frame:
        """Reads one sheet, the first unless `sheet_name` says which."""
        require("openpyxl", "excel", "reading Excel files")
        import pandas as pd

        read: Any = pd.read_excel
        sheet = options.pop("sheet_name", 0)
        if not isinstance(sheet, int | str) or isinstance(sheet, bool):
            raise StepOptionError(
                "`sheet_name` names one sheet (its name, or its number from 0); a step has one result",
                field="params",
            )
        if isinstance(options.get("header"), bool):
            options["header"] = 0 if options["header"] else None
        try:
            with pd.ExcelFile(file.path, engine="openpyxl") as book:
                if isinstance(sheet, str) and sheet not in book.sheet_names:
                    raise _no_sheet(sheet, [str(name) for name in book.sheet_names], file)
                frame: Any = read(book, sheet_name=sheet, **options)
                return frame
        except FormatError:
            raise
        except (TypeError, AttributeError, AssertionError) as error:
            reason = str(error) or "a value is of the wrong kind"  # an assertion of pandas' says nothing
            raise StepOptionError(
                f"the excel reader refuses its options: {reason}", field="params"
            ) from error
        except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise damaged(file, "an Excel workbook", error) from error

    def look(self, file: File, options: Options) -> Look | None:
        """Reads the first rows of the sheet; nothing is told of a workbook that is slow to open."""
        if Path(file.path).stat().st_size > _LOOK_MOST:
            return None
        wanted = options.get("nrows")
        rows = min(wanted, _LOOK_ROWS) if isinstance(wanted, int) else _LOOK_ROWS
        given = {"nrows": wanted if wanted is not None and not isinstance(wanted, int) else rows}
        if options.get("skipfooter"):
            given = {}
        frame: Any = self.read(file, {**options, **given})
        return Look(frame, whole=not given or len(frame) < rows or wanted == rows)

    def write(self, frame: Frame, path: Path, options: Options) -> None:
        """Writes one sheet, without an index; a named index is a column like any other."""
        with path.open("wb") as handle:
            self._write(frame, handle, options)

    def rehearse(self, frame: Frame, options: Options) -> None:
        """Writes to memory."""
        self._write(frame, io.BytesIO(), options)

    def _write(self, frame: Frame, handle: Any, options: Options) -> None:
        require("openpyxl", "excel", "writing Excel files")
        import pandas as pd

        from odibi_core.formats.arrow import pandas_of

        options = {"index": False, **options}
        df = pandas_of(frame, named_index=not options["index"])
        if len(df) > MOST_ROWS:
            raise FormatError(
                f"a sheet holds {MOST_ROWS:,} rows and a header, the frame has {len(df):,}",
                help="write Parquet or CSV",
            )
        for name in df.columns:
            if isinstance(df[name].dtype, pd.DatetimeTZDtype):
                raise FormatError(
                    f"Excel has no times with a zone, which column `{one_line(str(name))}` has",
                    help="convert it to one zone and drop the zone, or to text",
                )
        try:
            with pd.ExcelWriter(handle, engine="openpyxl") as writer:
                df.to_excel(writer, **options)
        except (TypeError, ValueError) as error:
            raise FormatError(f"the frame cannot be written as an Excel sheet: {error}") from error


def sheet_names(path: Path) -> list[str]:
    """Returns the names of a workbook's sheets."""
    import pandas as pd

    with pd.ExcelFile(path, engine="openpyxl") as book:
        return [str(name) for name in book.sheet_names]


def _no_sheet(sheet: str, names: list[str], file: File) -> FormatError:
    close = nearest(sheet, names)
    return FormatError(
        f"`{one_line(file.label)}` has no sheet `{one_line(sheet)}`",
        help=f"did you mean `{one_line(close)}`" if close else f"it has {', '.join(map(one_line, names))}",
    )
