"""The tabs of Data mode for one step, and what stands in each; no screen in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from odibi_tui import format as fmt
from odibi_tui.step_data import Dataset, read_profile, read_rows, stored_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.style import Style

    from odibi_core.journal.record import RunRecord, StepRecord
    from odibi_tui.widgets.grids import Grid
    from odibi_tui.widgets.lines import Part


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: `kind` is before, after, diff or columns; `name` is its title without figures."""

    kind: str
    name: str
    title: str
    datasets: tuple[Dataset, ...]
    key: tuple[str, ...] = ()


@dataclass(slots=True)
class Content:
    """What stands in a tab; made in a thread.

    Attributes:
        grid: The table.
        kept: Rows at hand.
        rows: Rows in all, None where unknown.
        sample: The rows are a sample, not the first ones.
        schema: The diff's first line.
        claim: What the diff rests on.
        title: The tab's title where it is known better now.
        basis: What the statistics of columns are of.
        note: What to say in place of a table, if there is nothing to show.
    """

    grid: Grid
    kept: int
    rows: int | None
    sample: bool = False
    schema: Sequence[Part] = ()
    claim: Sequence[Part] = ()
    title: str | None = None
    basis: str = ""
    note: str | None = None


def tabs_of(step: StepRecord, datasets: Sequence[Dataset]) -> list[Tab]:
    """Returns a tab for each dataset before and after, then Diff and Columns."""
    before = [d for d in datasets if d.position == "before"]
    after = [d for d in datasets if d.position == "after"]
    tabs = [Tab(d.position, _name(d), _title(d), (d,)) for d in (*before, *after)]
    if before and after:
        rows = before[0].rows, after[0].rows
        title = "Diff"
        if rows[0] is not None and rows[1] is not None:
            delta = rows[1] - rows[0]
            title = f"Diff {delta:+,} rows" if delta else "Diff same rows"
        tabs.append(Tab("diff", "Diff", title, (before[0], after[0]), step.info.key))
    if before or after:
        tabs.append(Tab("columns", "Columns", "Columns", ((after or before)[0],)))
    return tabs


def fill(tab: Tab, run_dir: Path | None, styles: Mapping[str, Style]) -> Content:
    """Reads what a tab shows; takes its time, so call it in a thread.

    Raises:
        RunLogError: Kept rows are damaged.
    """
    if tab.kind == "diff":
        return _diff(tab, run_dir, styles)
    dataset = tab.datasets[0]
    if tab.kind == "columns":
        from odibi_core.runs.profile_rows import NAMES, RIGHT, column_rows
        from odibi_tui.widgets.grids import TextGrid

        profile = read_profile(dataset, run_dir)
        native = {column.name: column.native for column in dataset.columns}
        rows = column_rows(profile, native, ascii_only=fmt.wants_ascii())
        grid = TextGrid(NAMES, rows, RIGHT)
        return Content(grid, profile.looked_at, profile.rows, basis=profile.said_basis())
    table = read_rows(dataset, run_dir)
    sample = dataset.preview_file is None and bool(dataset.sample)
    from odibi_tui.widgets.grids import ArrowGrid

    return Content(ArrowGrid(table), table.num_rows, dataset.rows, sample)


def foot_of(content: Content, kind: str, first: int, last: int) -> str:
    """Returns which rows are in sight, of how many: `rows 1 to 30 of 1,000 kept (2,104 in all)`."""
    grid = content.grid
    if kind == "columns":
        return f" {fmt.plural(grid.row_count, 'column')}: {content.basis}"
    what = "sample rows" if content.sample else "differing rows" if kind == "diff" else "kept"
    if content.rows == content.kept:
        what = "rows"
    text = f" rows {first:,} to {last:,} of {grid.row_count:,}"
    if grid.wanted:
        text += f" that contain “{grid.wanted}”, of {grid.total:,}"
    text += f" {what}" if what != "rows" else ""
    if content.rows is not None and content.rows != content.kept:
        text += f" ({content.rows:,} in all)"
    if kind == "diff" and content.sample:
        text += "   schema and counts are exact"
    if grid.sorted_by is not None:
        column, descending = grid.sorted_by
        text += f"   sorted by {grid.names[column]}, {'largest' if descending else 'smallest'} first"
    return text


def no_run(has_source: bool) -> str:
    """Returns what to press where no run is on screen."""
    if not has_source:
        return "no run is open\n\n4  open one"
    return "no run yet\n\nr  run this pipeline      4  open an earlier run"


def why_empty(
    record: RunRecord | None, selected: str | None, step: StepRecord | None, *, has_source: bool = True
) -> str:
    """Returns why there is nothing to see of a step's data, and what to press."""
    if record is None:
        return no_run(has_source)
    if selected is None:
        return "no step is selected"
    if step is None:
        return f"{selected} is not in {record.run_id}"
    if step.state in ("pending", "running", "retry"):
        return f"{selected} has not come so far yet" if record.is_live else f"{selected} did not run"
    why = f": {step.reason}" if step.reason else ""
    return f"{selected} left no data ({step.state}{why})"


def _diff(tab: Tab, run_dir: Path | None, styles: Mapping[str, Style]) -> Content:
    from odibi_core.runs.data import diff_stored
    from odibi_core.runs.diff import EXACT_UP_TO
    from odibi_tui.widgets.diff_grid import claim_parts, diff_grid, samples_grid, schema_parts, title_of

    before, after = tab.datasets
    # What a step rounds is a change, too, and the screen does not wait for more than a sample of many rows.
    sides = [stored_rows(dataset, run_dir) for dataset in tab.datasets]
    diff = diff_stored(*sides, key=tab.key, tolerance=0.0, exact_up_to=EXACT_UP_TO)
    compared = diff.basis != "schema and counts"
    firsts = [read_rows(dataset, run_dir) for dataset in tab.datasets]
    if compared:
        grid = diff_grid(diff, firsts[0].schema, firsts[1].schema, styles)
    else:
        grid = samples_grid(firsts[0].slice(0, 5), firsts[1].slice(0, 5), styles)
    return Content(
        grid,
        grid.row_count,
        None,
        sample=not compared,
        schema=schema_parts(diff, {column.name: column.type for column in after.columns}),
        claim=claim_parts(diff),
        title=title_of(diff, before.rows, after.rows),
        note="nothing differs" if diff.is_empty else None,
    )


def labels_of(tabs: Sequence[Tab], active: int, better: str | None, width: int) -> list[str]:
    """Returns what the tabs are called on a line; where it is short, only the active one has its figures.

    Args:
        tabs: The tabs.
        active: Which one is shown.
        better: The active one's title where it is known better.
        width: Cells of the line.
    """
    full = [tab.title for tab in tabs]
    if better is not None:
        full[active] = better
    if sum(cell_len(title) + 3 for title in full) <= width:
        return full
    return [
        title if index == active else tab.name
        for index, (tab, title) in enumerate(zip(tabs, full, strict=True))
    ]


def _name(dataset: Dataset) -> str:
    name = dataset.position.capitalize()
    return f"{name} {fmt.shorten(dataset.key, 20)}" if dataset.several and dataset.key is not None else name


def _title(dataset: Dataset) -> str:
    shape = fmt.shape(dataset.rows, len(dataset.columns) or None, ascii_only=fmt.wants_ascii())
    return f"{_name(dataset)} {shape}".rstrip()
