"""Format: what a reader and writer of one file format offers, and how options are checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from odibi_core.errors import FormatError, MissingDependencyError, StepOptionError
from odibi_core.formats.atomic import Mode, replacing
from odibi_core.text import nearest, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from odibi_core.formats.sources import File

    Frame: TypeAlias = pd.DataFrame | pa.Table

Options = dict[str, Any]

# How much of a file a look at it reads: files up to this size whole, of others the first rows, for which no
# more bytes than `LOOK_MOST` may be needed.
LOOK_WHOLE = 1 << 20
LOOK_ROWS = 10_000
LOOK_MOST = 16 << 20


@dataclass(frozen=True)
class Look:
    """The start of a file, as the format's reader makes it.

    Attributes:
        frame: The first rows.
        whole: Whether these are all that reading the file would give.
        doubtful: Columns whose type may be another one in the rest of the file.
    """

    frame: Frame
    whole: bool
    doubtful: frozenset[str] = frozenset()


class Format(ABC):
    """Reads and writes one file format.

    Attributes:
        name: What `format=` calls it.
        aliases: Other names for it.
        suffixes: File suffixes it goes by, lower case.
        compressed: Whether its files may be compressed as a whole (`.csv.gz`).
        spellings: Other names of options, mapped to the ones that pandas uses.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    suffixes: ClassVar[tuple[str, ...]]
    compressed: ClassVar[bool] = False
    spellings: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def read_options(self) -> frozenset[str]:
        """Returns the names of the options `read` takes."""

    @abstractmethod
    def write_options(self) -> frozenset[str]:
        """Returns the names of the options `write` takes."""

    @abstractmethod
    def read(self, file: File, options: Options) -> Frame:
        """Reads one file. `options` have been checked and hold pandas' names."""

    @abstractmethod
    def write(self, frame: Frame, path: Path, options: Options) -> None:
        """Writes a frame to exactly `path`, which is a temporary one.

        Args:
            frame: A pandas frame or an Arrow table, whichever is at hand.
            path: Where to; its suffixes are the target's.
            options: Checked, with pandas' names.
        """

    def look(self, file: File, options: Options) -> Look | None:
        """Reads the start of a file, or all of a small one; None where that would not tell what `read` gives.

        It may raise what `read` raises, and `TooLongError` where the start cannot be told from its end.

        Args:
            file: A file of this machine.
            options: Checked, with pandas' names.
        """
        if not is_small(file, options):
            return None
        return Look(self.read(replace(file, most=LOOK_MOST), dict(options)), whole=True)

    def rehearse(self, frame: Frame, options: Options) -> None:
        """Writes a frame to memory, to see whether the options can be; raises what `write` raises.

        Where a format has nothing to rehearse it does nothing.
        """
        return

    def append(self, frame: Frame, old: Path, path: Path, options: Options) -> None:
        """Writes what `old` holds and then `frame` to `path`; by default reads the one and writes both."""
        from odibi_core.formats.arrow import concatenate
        from odibi_core.formats.sources import File

        kept = {name: value for name, value in options.items() if name in self.read_options()}
        self.write(concatenate([self.read(File(old, str(old)), kept), frame]), path, options)

    def store(self, frame: Frame, target: Path, mode: Mode, options: Options) -> None:
        """Writes a frame to `target` in `mode`, whole or not at all."""
        existing = target.resolve()
        with replacing(target, mode) as temporary:
            if mode == "append" and existing.is_file() and existing.stat().st_size:
                self.append(frame, existing, temporary, options)
            else:
                self.write(frame, temporary, options)

    def checked(self, options: Mapping[str, Any], known: Collection[str], verb: str) -> Options:
        """Returns options by pandas' names.

        Raises:
            StepOptionError: An option that is not `known`, or the same one under two names.
        """
        checked: Options = {}
        for name, value in options.items():
            plain = self.spellings.get(name, name)
            if plain not in known:
                raise unknown_option(name, {*known, *self.spellings}, f"the {self.name} {verb}")
            if plain in checked:
                raise StepOptionError(
                    f"option `{name}` is given twice: `{plain}` is the same", field="params"
                )
            checked[plain] = value
        return checked


def is_small(file: File, options: Mapping[str, Any]) -> bool:
    """Whether a file is so small, decompressed, that a look at it reads all of it."""
    from pathlib import Path

    from odibi_core.formats.compression import compression_of, is_damage

    compression = compression_of(file.path, options.get("compression", "infer"))
    size = Path(file.path).stat().st_size
    if compression is None or size > LOOK_WHOLE:
        return size <= LOOK_WHOLE
    try:
        with file.open(compression) as handle:
            return len(handle.read(LOOK_WHOLE + 1)) <= LOOK_WHOLE
    except Exception as error:
        if is_damage(error):
            return True  # the reader will say so
        raise


def unknown_option(name: str, known: Collection[str], taker: str) -> StepOptionError:
    """Returns the error for an option that `taker` does not know, with the nearest it does."""
    close = nearest(name, known)
    return StepOptionError(
        f"{taker} has no option `{one_line(name)}`",
        field="params",
        help=f"did you mean `{close}`" if close else f"it takes {', '.join(sorted(known))}",
    )


def check_text(options: Mapping[str, Any], name: str, wanted: str) -> None:
    """Raises `StepOptionError` where an option is given, is not null and is no text.

    Args:
        options: By pandas' names.
        name: The option.
        wanted: What it should be, such as "the name of an encoding".
    """
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        raise StepOptionError(f"`{name}` must be {wanted}, not `{one_line(repr(value))}`", field="params")


def whole_number(value: Any, name: str, least: int | None = None) -> int:
    """Returns an option's value as a whole number.

    Raises:
        StepOptionError: It is none, or less than `least`.
    """
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise StepOptionError(
            f"`{name}` must be a whole number, not `{one_line(repr(value))}`", field="params"
        ) from error
    if least is not None and number < least:
        raise StepOptionError(f"`{name}` must be {least} or more, not {number}", field="params")
    return number


def require(module: str, extra: str, purpose: str) -> None:
    """Raises `MissingDependencyError` unless `module` can be imported.

    Args:
        module: What to look for.
        extra: The extra that installs it.
        purpose: What it is for, such as "reading Excel files".
    """
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise MissingDependencyError(
            f"{purpose} needs `{module}`, which is not installed",
            help=f'install it with `pip install "odibi-tui[{extra}]"`',
        )


def damaged(file: File, format_name: str, error: BaseException) -> FormatError:
    """Returns the error for a file that is not what its format says it should be."""
    reason = one_line(str(error)) or type(error).__name__
    return FormatError(f"`{one_line(file.label)}` cannot be read as {format_name}: {reason}")
