"""Pipeline mode: the source with its problems in place, the graph, and what data is known of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_tui.screens.pane import ModePane
from odibi_tui.widgets.tabs import TabLine

if TYPE_CHECKING:
    from textual.app import ComposeResult


class PipelinePane(ModePane):
    """Tabs Config, Graph and Preview."""

    mode = "pipeline"
    keys = ("r", "R", "slash", "n", "e", "w")

    def compose(self) -> ComposeResult:
        """Tabs and what they show."""
        yield TabLine("Config", "Graph", "Preview")
