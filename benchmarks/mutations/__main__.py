"""Plants faults into valid pipelines, checks them, runs them, and prints what was found and what was not."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from random import Random

from benchmarks.mutations import (
    faults_conversions,
    faults_groups,
    faults_shape,
    faults_sql,
    faults_steps,
    faults_swaps,
    faults_text,
    faults_types,
    faults_world,
    harmless,
)
from benchmarks.mutations.faults import FAULTS, Fault, Mutant
from benchmarks.mutations.grow import grow
from benchmarks.mutations.judge import Verdict, check, judge, run
from benchmarks.mutations.project import Project
from benchmarks.mutations.render import render
from benchmarks.mutations.report import Report

LEAST_CAUGHT = 0.95
KINDS = (
    faults_text,
    faults_shape,
    faults_sql,
    faults_groups,
    faults_conversions,
    faults_types,
    faults_steps,
    faults_swaps,
    faults_world,
    harmless,
)


class Trial:
    """Pipelines and their mutants, one after the other.

    Args:
        home: A directory for all that is made.
        only: Takes the kinds whose family and name hold this.
        show: Prints every mutant that was not told right.
        keep: Leaves the directories of those behind.
    """

    def __init__(self, home: Path, *, only: str = "", show: bool = False, keep: bool = False) -> None:
        self.home = home
        self.show = show
        self.keep = keep
        self.report = Report()
        self.faults = [fault for fault in FAULTS if only in f"{fault.family}: {fault.name}"]

    def sound(self, seed: int, *, steps: int | None = None) -> None:
        """Checks a pipeline without a fault; one that has an error told is run to see who is right."""
        project = grow(seed, steps=steps)
        directory = self._directory(project, f"sound_{seed}")
        path = project.write_config(directory, render(project, seed).text)
        errors = [found for found in check(path, project) if found.is_error]
        self.report.sound += 1
        if errors:
            ran = run(path, project)
            if ran.is_fine:
                self.report.alarmed += 1
                self._tell(seed, "without a fault", Verdict("false alarm", errors), directory)
            else:
                self.report.unsound += 1
                self._tell(
                    seed, "without a fault", Verdict("unsound", errors, detail=str(ran.failed)), directory
                )
        if not (self.keep and errors):
            shutil.rmtree(directory)

    def mutants(self, seed: int, count: int, *, steps: int | None = None, spark: bool = False) -> None:
        """Plants `count` faults, one at a time, into the pipeline of a seed."""
        project = grow(seed, steps=steps, spark=spark)
        base = self._directory(project, f"base_{seed}")
        rng = Random(seed)
        possible = [fault for fault in self.faults if project.kind in fault.kinds]
        for fault in self._turn(rng, possible):
            if count and self._mutant(project, base, fault, seed, count):
                count -= 1
        shutil.rmtree(base)

    def _turn(self, rng: Random, possible: list[Fault]) -> list[Fault]:
        """Returns kinds of faults, those had least often first, so that all come up."""
        had = {fault: sum(self.report.kinds[(fault.family, fault.name)].values()) for fault in possible}
        return sorted(possible, key=lambda fault: (had[fault], rng.random()))

    def _mutant(self, project: Project, base: Path, fault: Fault, seed: int, number: int) -> bool:
        """Plants a fault, if the pipeline has a place for it, and looks what becomes of it."""
        mutant = fault.plant(Random(f"{seed} {fault.name}"), project.copy())
        if mutant is None:
            return False
        directory = self.home / f"{seed}_{number}"
        shutil.copytree(base, directory)
        kind = (fault.family, fault.name)
        try:
            verdict = self._verdict(mutant, project, directory, seed)
        except Exception:  # noqa: BLE001 - that a check raises is what is looked for
            verdict = Verdict("crashed", detail=traceback.format_exc())
        if verdict is not None:
            self.report.kinds[kind][verdict.outcome] += 1
            self.report.beside[kind] += len(verdict.beside) if verdict.outcome == "right" else 0
            wanted = (
                ("harmless",)
                if fault.family == "harmless"
                else ("right", "warned", "harmless", "data", "unknown")
            )
            if verdict.outcome not in wanted or (verdict.outcome == "right" and verdict.beside):
                self._tell(seed, f"{fault.family}: {fault.name}", verdict, directory)
                if self.keep:
                    return True
        shutil.rmtree(directory)
        return verdict is not None

    def _verdict(self, mutant: Mutant, project: Project, directory: Path, seed: int) -> Verdict | None:
        mutated = mutant.project
        mutated.build(directory, project.files)
        rendered = render(mutated, seed)
        text = rendered.text
        if mutated.edit_text is not None and text is not None:
            text = mutated.edit_text(text)
            if text == rendered.text:
                return None
        path = mutated.write_config(directory, text)
        found = check(path, mutated)
        return judge(mutant, rendered, text, found, run(path, mutated))

    def _directory(self, project: Project, name: str) -> Path:
        directory = self.home / name
        directory.mkdir()
        project.build(directory)
        return directory

    def _tell(self, seed: int, kind: str, verdict: Verdict, directory: Path) -> None:
        if not self.show:
            return
        kept = f" ({directory})" if self.keep else ""
        print(f"-- seed {seed}, {kind}: {verdict.outcome}{kept}", flush=True)
        if verdict.detail:
            print(f"   run: {verdict.detail.strip()[-1500:]}")
        for found in verdict.found:
            mark = "*" if found in verdict.beside or verdict.outcome != "right" else " "
            end = found.span.end_column if found.span else ""
            print(f"  {mark} {found.code} {found.span}-{end} {found.step} {found.field}: {found.message}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument(
        "--pipelines", type=int, default=150, metavar="N", help="pipelines to plant faults into (%(default)s)"
    )
    parser.add_argument(
        "--mutants", type=int, default=12, metavar="N", help="faults a pipeline (%(default)s)"
    )
    parser.add_argument(
        "--unmutated", type=int, default=1000, metavar="N", help="pipelines without a fault (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="steps a pipeline; 5 to 200 if not given")
    parser.add_argument(
        "--spark", type=int, default=0, metavar="N", help="of the pipelines, how many have Spark steps"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only kinds of faults whose name holds this"
    )
    parser.add_argument("--show", action="store_true", help="print each mutant that was not told right")
    parser.add_argument("--keep", action="store_true", help="leave their directories behind")
    parser.add_argument("--check", action="store_true", help="end with 1 below 95 %% or with a false alarm")
    asked = parser.parse_args(arguments)
    os.environ.update({"ODIBI_MUT_REGION": "north", "ODIBI_MUT_DIR": "data"})
    home = Path(tempfile.mkdtemp(prefix="odibi-mutations-"))
    trial = Trial(home, only=asked.only, show=asked.show or asked.keep, keep=asked.keep)
    try:
        for seed in range(asked.seed, asked.seed + asked.unmutated):
            trial.sound(seed, steps=asked.steps)
        for number in range(asked.pipelines):
            seed = asked.seed + number
            trial.mutants(seed, asked.mutants, steps=asked.steps, spark=number < asked.spark)
    finally:
        if not asked.keep:
            shutil.rmtree(home, ignore_errors=True)
    report = trial.report
    print(report.text())
    return int(asked.check and (report.caught < LEAST_CAUGHT or report.false_alarms > 0))


if __name__ == "__main__":
    sys.exit(main())
