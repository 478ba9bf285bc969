"""The screens' tests run at UTC, with Unicode, in the dark theme, wherever they run."""

import time

import pytest


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("ODIBI_ASCII", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
