"""The Data tab of a comparison: each dataset of both runs compared in a thread, one after the other."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from odibi_core.errors import OdibiError
from odibi_core.runs.compare_words import claim, drift_words, is_worth_telling, rate_words, row_words
from odibi_tui import format as fmt
from odibi_tui.widgets.compare_rows import SIGN_TONES, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from odibi_core.runs.compare import RunComparison
    from odibi_core.runs.compare_data import RunPair
    from odibi_core.runs.data import Compared

ROWS_SHOWN = 50


def compare_datasets(
    comparison: RunComparison, came: Callable[[str, bool, list[Row]], None], stopped: Callable[[], bool]
) -> None:
    """Compares the datasets of all steps that give some; the body of a thread.

    Args:
        comparison: The two runs.
        came: Takes a dataset's name, whether it differs or cannot be compared, and its rows.
        stopped: Whether nobody waits for the rest.
    """
    pair = comparison.data
    for step in comparison.steps:
        gives = step.after is not None and (step.after.info.outputs or step.after.after)
        if pair is None or step.status != "both" or not gives:
            continue
        for dataset in pair.results(step.name):
            if stopped():
                return
            name = step.name if dataset == step.name else f"{step.name} ({dataset})"
            try:
                with pair.open_diff(dataset, max_rows=ROWS_SHOWN) as compared:
                    rows = list(_rows(name, pair, dataset, compared))
                    differs = not compared.diff.is_empty
            except OdibiError as error:  # of this dataset; the others can be compared
                rows, differs = [[(" ! ", "warning"), (name, "strong"), (f"  {error}", "warning")]], True
            came(name, differs, rows)


def _rows(name: str, pair: RunPair, dataset: str, compared: Compared) -> Iterator[Row]:
    diff = compared.diff
    arrow = fmt.sign("right", ascii_only=fmt.wants_ascii())
    sign = "~" if diff.differing or diff.schema else " "
    yield [(f" {sign} ", SIGN_TONES.get(sign, "")), (name, "strong"), (f"  {claim(diff)}", "muted")]
    if diff.is_empty:
        return
    for line in rate_words(diff):
        yield [(f"     {line}", "warning")]
    for column, reason in diff.not_compared.items():
        yield [(f"     {column} not compared: {reason}", "muted")]
    for drift in pair.drift(dataset):
        if is_worth_telling(drift, diff):
            yield [(f"     drift of {drift.name}: {drift_words(drift, arrow)}", "running")]
    shown = 0
    for row in islice(compared.rows(ROWS_SHOWN), ROWS_SHOWN):
        yield [(f"     {row.sign} {row_words(row, arrow)}", SIGN_TONES[row.sign])]
        shown += 1
    if diff.differing > shown:
        yield [
            (f"     {diff.differing - shown:,} more: ", "muted"),
            ("Y", "key"),
            (" copies the command", "muted"),
        ]
