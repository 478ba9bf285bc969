"""LogView: the lines of a run's log, however many of them, with what the mouse selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from odibi_tui.format import shorten
from odibi_tui.widgets.cells import visible
from odibi_tui.widgets.lines import LineView, Part, paint, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.selection import Selection
    from textual.strip import Strip

    from odibi_core.journal.record import LogLine

_PAGE = 128
_SHOWN_CHARACTERS = 2_000
_STEP_CELLS = 22
_COPIED_LINES = 20_000
_TONES = {"error": "error", "critical": "error", "warning": "warning", "debug": "muted"}
_SHORT = {"warning": "warn", "critical": "error"}


class LogSource(Protocol):
    """What the view reads: `runs.log_index.LogIndex`, or a filtered view of it."""

    def __len__(self) -> int: ...

    def lines(self, start: int, stop: int) -> Sequence[LogLine]:
        """Returns the lines from `start` up to `stop`."""


class LogView(LineView):
    """Draws the lines in sight and stays at the end while `following`.

    Keys: as every list; left and right move along long lines.
    """

    ALLOW_SELECT = True
    DEFAULT_CSS = "LogView { overflow: auto auto; scrollbar-size-horizontal: 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "along(1)", "right", show=False),
        Binding("left,h", "along(-1)", "left", show=False),
    ]
    following: reactive[bool] = reactive(True)

    class Following(Message):
        """Following began or ended through something the person did."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: LogSource | None = None
        self._pages: LRUCache[int, Sequence[LogLine]] = LRUCache(64)
        self._widest = 0
        self._needle = ""
        self._step_cells = _STEP_CELLS

    def show(self, source: LogSource | None, *, needle: str = "", step_cells: int = _STEP_CELLS) -> None:
        """Shows another log, or another part of it.

        Args:
            source: Where the lines come from.
            needle: What is marked where it occurs.
            step_cells: Cells for the step's name; 0 leaves it out.
        """
        self._source, self._needle = source, needle.casefold()
        self._step_cells = min(step_cells, _STEP_CELLS)
        self._widest, self.row_total = 0, 0
        self._pages.clear()
        self.scroll_to(x=0, animate=False, immediate=True)
        self.grown()
        self.cursor = max(0, self.row_total - 1)

    def grown(self) -> None:
        """Takes up lines that have come since."""
        before, total = self.row_total, len(self._source) if self._source is not None else 0
        if before and before == total:
            return
        self._pages.discard(before // _PAGE)  # it was not full when it was read
        self.row_total = total
        self.virtual_size = Size(self._widest, total)
        self.refresh()
        if self.following and total:
            self.cursor = total - 1

    def line(self, y: int) -> LogLine | None:
        """Returns a line as it is in the log."""
        page = self._pages.get(y // _PAGE)
        if page is None:
            if self._source is None:
                return None
            start = y // _PAGE * _PAGE
            page = self._pages[y // _PAGE] = self._source.lines(start, min(start + _PAGE, self.row_total))
        return page[y % _PAGE] if y % _PAGE < len(page) else None

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Draws time, level, step and message."""
        line = self.line(y)
        if line is None:
            return ()
        level = line.level.lower()
        tones = _TONES.get(level, "")
        parts = [
            (f" {line.ts.astimezone():%H:%M:%S}.{line.ts.microsecond // 1000:03d} ", "muted"),
            (f"{visible(_SHORT.get(level, level))[:5]:<6}", tones or "muted"),
        ]
        if self._step_cells:
            name = shorten(line.step or "", self._step_cells)
            parts.append((name + " " * (self._step_cells + 1 - cell_len(name)), "field"))
        message = visible(line.message[: _SHOWN_CHARACTERS + 1])
        if len(line.message) > _SHOWN_CHARACTERS:
            message = message[:_SHOWN_CHARACTERS] + "…"
        parts.extend(marked(message, self._needle, tones))
        return parts

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen, moved along by as much as is scrolled."""
        (x, top), width = self.scroll_offset, self.size.width
        row = y + top
        if row >= self.row_total:
            return super().render_line(y)
        parts = self.row(row, width)
        length = width_of(parts)
        if length > max(self._widest, width):
            self._widest = length
            self.call_after_refresh(self._widen)
        strip = paint(self, parts, max(length, x + width), self.ground_of(row))
        selection = self.text_selection
        span = selection.get_span(row) if selection is not None else None
        if span is not None:
            strip = self._selected(strip, *span)
        return strip.crop(x, x + width).apply_offsets(x, row)

    def _widen(self) -> None:
        self.virtual_size = Size(self._widest, self.row_total)

    # -- following ----------------------------------------------------------------------------------

    def action_follow(self) -> None:
        """Goes to the end and stays there; again: stays where it is."""
        self.follow(not self.following)

    def follow(self, on: bool) -> None:
        """Begins or ends following."""
        if on != self.following:
            self.following = on
            self.post_message(self.Following())
        if on and self.row_total:
            self.cursor = self.row_total - 1
            self.keep_in_sight(self.cursor)

    def move_cursor(self, row: int) -> None:
        """Moves the cursor; to the last line begins following, elsewhere ends it."""
        super().move_cursor(row)
        self.follow(self.cursor >= self.row_total - 1)

    def action_along(self, by: int) -> None:
        """Scrolls along long lines."""
        self.scroll_relative(x=by * 20, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ends following where the wheel or the bar has moved upwards."""
        super().watch_scroll_y(old_value, new_value)
        if self.following and new_value < old_value and new_value < self.max_scroll_y:
            self.follow(False)

    # -- selection ----------------------------------------------------------------------------------

    def _selected(self, strip: Strip, start: int, end: int) -> Strip:
        length = strip.cell_length
        start = min(start, length)
        end = length if end == -1 else min(end, length)
        before, inside, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end, length)
        style = self.screen.get_component_rich_style("screen--selection")
        return type(strip).join([before, inside.apply_style(style), after])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Returns the selected text, at most 20,000 lines of it."""
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else self.row_total - 1
        texts: list[str] = []
        for y in range(first, min(last, first + _COPIED_LINES, self.row_total - 1) + 1):
            span = selection.get_span(y)
            if span is not None:
                text = "".join(text for text, _ in self.row(y, 0))
                texts.append(text[span[0] : None if span[1] == -1 else span[1]])
        return ("\n".join(texts), "\n") if texts else None

    def selection_updated(self, selection: Selection | None) -> None:
        """Draws the selection."""
        self.refresh()


def marked(text: str, needle: str, tones: str) -> list[Part]:
    """Returns `text` with the first place where `needle` occurs marked."""
    at = text.casefold().find(needle) if needle else -1
    if at < 0:
        return [(text, tones)]
    end = at + len(needle)
    return [(text[:at], tones), (text[at:end], f"{tones} match".strip()), (text[end:], tones)]
