"""Faults planted into valid pipelines are found, and nothing is found in vain: a part of the whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.mutations.__main__ import LEAST_CAUGHT, Trial
from benchmarks.mutations.faults import FAULTS
from tests.counts import VERIFY


def test_there_are_faults_of_many_kinds() -> None:
    names = {(fault.family, fault.name) for fault in FAULTS}
    assert len(names) == len(FAULTS)
    assert len([fault for fault in FAULTS if fault.family != "harmless"]) >= 40


def test_planted_faults_are_found_and_nothing_is_found_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODIBI_MUT_REGION", "north")
    monkeypatch.setenv("ODIBI_MUT_DIR", "data")
    start = random.randrange(10**6) if VERIFY else 20260131
    trial = Trial(tmp_path, show=True)
    for seed in range(start, start + (40 if VERIFY else 6)):
        trial.sound(seed, steps=10)
        trial.mutants(seed, 10, steps=10)
    report = trial.report
    print(report.text())
    assert report.false_alarms == 0, report.text()
    assert report.total("crashed") + report.total("crashed", harmless=True) == 0, report.text()
    # So few are told all, or a rule is broken; the whole is measured by `make verify`.
    assert report.caught >= LEAST_CAUGHT, report.text()
