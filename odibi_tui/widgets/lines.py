"""Toned text in lines: the base of widgets that draw their rows themselves, and only those in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from odibi_core.text import one_line
from odibi_tui.format import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.events import Click, Resize

Part = tuple[str, str]
"""A piece of a line: its text, which is shown literally, and its tones (`"error strong"`)."""

TONES = (
    "muted", "error", "warning", "ok", "running", "strong", "heading", "key", "field", "string", "number",
    "gutter", "underline", "match", "cursor", "cursor-blurred", "tab",
)  # fmt: skip
"""The tones there are. `styles/odibi.tcss` says what each looks like; the workbench screen holds them."""

COMPONENTS = {f"tone--{tone}" for tone in TONES}
_NO_STYLE = Style.null()


def tone_style(widget: Widget, tones: str, base: Style) -> Style:
    """Returns the style of `tones` to lay on `base`; a colour partly clear is mixed with its background."""
    holder = widget.app.screen_stack[0]
    cache: dict[tuple[str, Style], Style] = getattr(holder, "tone_cache", {})
    found = cache.get((tones, base))
    if found is None:
        names = [f"tone--{tone}" for tone in tones.split()]
        found = holder.get_component_rich_style(*names, partial=True, default=_NO_STYLE)
        if found.color is not None and base.bgcolor is not None:
            colour = holder.get_component_styles(*names).color
            if colour.a < 1 and colour.ansi is None:
                mixed = Color.from_rich_color(base.bgcolor).blend(colour, colour.a, 1)
                found += Style.from_color(mixed.rich_color)
        cache[tones, base] = found
    return found


def ground_style(widget: Widget, tone: str) -> Style:
    """Returns the style of a tone that other tones are laid on, such as that of the cursor's line."""
    return widget.app.screen_stack[0].get_component_rich_style(f"tone--{tone}", default=_NO_STYLE)


def width_of(parts: Iterable[Part]) -> int:
    """Returns how many cells `parts` take."""
    return sum(cell_len(one_line(text)) for text, _ in parts)


def fit(parts: Sequence[Part], width: int, more: str = "…") -> list[Part]:
    """Returns `parts` cut to `width` cells, ended by `more` where something was cut."""
    if width_of(parts) <= width:
        return list(parts)
    kept: list[Part] = []
    room = width - 1
    for text, tones in parts:
        text = one_line(text)
        length = cell_len(text)
        if length > room:
            if width > 0:
                kept.append((cut(text, room).rstrip() + more, tones))
            break
        kept.append((text, tones))
        room -= length
    return kept


def spread(left: Sequence[Part], right: Sequence[Part], width: int, more: str = "…") -> list[Part]:
    """Returns one line with `left` at its left, cut where it must be, and `right` at its right end."""
    right_width = width_of(right)
    if right_width + 8 > width:
        right, right_width = [], 0
    left = fit(left, width - right_width - (1 if right_width else 0), more)
    gap = width - right_width - width_of(left)
    return [*left, (" " * max(gap, 0), ""), *right]


def paint(
    widget: Widget, parts: Iterable[Part], width: int, ground: str = "", base: Style | None = None
) -> Strip:
    """Returns `parts` as a strip of `width` cells, on the widget's own background or on that of a tone.

    Args:
        widget: What is drawn.
        parts: What stands in the line.
        width: Cells.
        ground: The tone the line stands on, or none.
        base: The widget's own style, where it is known already.
    """
    base = widget.rich_style if base is None else base
    if ground:
        base += ground_style(widget, ground)
    segments = [
        Segment(one_line(text), base + tone_style(widget, tones, base) if tones else base)
        for text, tones in parts
        if text
    ]
    return Strip(segments).adjust_cell_length(width, base)


class Line(Widget):
    """One line of toned text; subclasses say what stands in it."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"

    def parts(self, width: int) -> Sequence[Part]:
        """Returns what stands in the line."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Draws the line."""
        width = self.size.width
        return paint(self, self.parts(width) if y == 0 else (), width)


class LineView(ScrollView, can_focus=True):
    """Any number of rows, of which only those in sight are made. Subclasses give `row` and call `set_rows`.

    With `has_cursor`, one row is the current one: the arrow keys move it, a click sets it, `enter`
    (or a second click) posts `Chosen`. Without, the same keys scroll.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "LineView { width: 1fr; height: 1fr; overflow: hidden auto; scrollbar-size: 1 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "move_to(0)", "first", show=False),
        Binding("end", "move_to(-1)", "last", show=False),
        Binding("enter", "choose", "open", show=False),
    ]
    has_cursor: ClassVar[bool] = True
    cursor: reactive[int] = reactive(0, repaint=False, init=False)

    class Moved(Message):
        """A person has moved the cursor to another row."""

        def __init__(self, view: LineView, row: int) -> None:
            super().__init__()
            self.view, self.row = view, row

        @property
        def control(self) -> LineView:
            """The view."""
            return self.view

    class Chosen(Moved):
        """`enter`, or a second click, on a row."""

    row_total = 0
    # While lines are drawn, what all of them share: a style is worked out through all that a widget is in.
    _drawn: tuple[Style, int] | None = None

    def row(self, y: int, width: int) -> Sequence[Part]:
        """Returns what stands in row `y`."""
        raise NotImplementedError

    def set_rows(self, total: int) -> None:
        """Says how many rows there are, and repaints."""
        self.row_total = total
        self.virtual_size = Size(0, total)
        if self.cursor >= total:
            self.cursor = max(total - 1, 0)
        self.refresh()

    def ground_of(self, y: int) -> str:
        """Returns the tone a row stands on: that of the cursor, or none."""
        if not self.has_cursor or y != self.cursor:
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"

    @property
    def line_width(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draws lines of the screen."""
        self._drawn = self.rich_style, self.line_width
        try:
            return super().render_lines(crop)
        finally:
            self._drawn = None

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        base, width = self._drawn or (self.rich_style, self.line_width)
        row = y + int(self.scroll_offset.y)
        if row >= self.row_total:
            return Strip.blank(width, base)
        return paint(self, self.row(row, width), width, self.ground_of(row), base)

    # -- the cursor -------------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        """Repaints the two rows and keeps the cursor in sight."""
        for row in (before, after):
            self.refresh(Region(0, row - int(self.scroll_offset.y), self.size.width, 1))
        self.keep_in_sight(after)

    def on_resize(self, event: Resize) -> None:
        """Keeps the cursor in sight."""
        if self.has_cursor:
            self.keep_in_sight(self.cursor)

    def keep_in_sight(self, row: int, *, margin: int = 0) -> None:
        """Scrolls just as far as `row` needs, at once."""
        height = self.size.height
        if height <= 0:
            return
        top = int(self.scroll_offset.y)
        margin = min(margin, max((height - 1) // 2, 0))
        if row - margin < top:
            self.scroll_to(y=max(row - margin, 0), animate=False, immediate=True)
        elif row + margin >= top + height:
            self.scroll_to(y=row + margin - height + 1, animate=False, immediate=True)

    def move_cursor(self, row: int) -> None:
        """Moves the cursor as a person's hand does; `Moved` is posted where it lands elsewhere."""
        row = max(0, min(row, self.row_total - 1))
        if row != self.cursor and self.row_total:
            self.cursor = row
            self.post_message(self.Moved(self, row))

    def action_move(self, by: int) -> None:
        """Moves the cursor, or scrolls where there is none."""
        if self.has_cursor:
            self.move_cursor(self.cursor + by)
        else:
            self.scroll_relative(y=by, animate=False, immediate=True)

    def action_page(self, by: int) -> None:
        """Moves by a screenful."""
        self.action_move(by * max(self.size.height - 1, 1))

    def action_move_to(self, row: int) -> None:
        """Moves to the first (0) or last (-1) row."""
        target = row if row >= 0 else self.row_total - 1
        if self.has_cursor:
            self.move_cursor(target)
        else:
            self.scroll_to(y=target, animate=False, immediate=True)

    def action_choose(self) -> None:
        """Says that the row under the cursor was chosen."""
        if self.has_cursor and self.row_total:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: Click) -> None:
        """Puts the cursor where the mouse is; the second click chooses."""
        where = event.get_content_offset(self)
        row = -1 if where is None else where.y + int(self.scroll_offset.y)
        if self.has_cursor and 0 <= row < self.row_total:
            self.move_cursor(row)
            if event.chain > 1:
                self.action_choose()

    def on_focus(self) -> None:
        """The cursor's line shows whether its view has the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor's line shows whether its view has the focus."""
        self.refresh()
