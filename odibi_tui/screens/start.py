"""The start screen: recent pipelines, configs found here, recent runs."""

from __future__ import annotations

from odibi_tui.screens.pane import ModePane


class StartPane(ModePane):
    """Where one is without a config."""

    mode = "start"
    shows_steps = False
