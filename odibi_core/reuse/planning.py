"""Which steps of a run work, which are reused and which are left out, and why; decided before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from odibi_core.errors import SelectionError
from odibi_core.reuse.changes import explain
from odibi_core.reuse.fingerprints import volatile_sql
from odibi_core.reuse.stamps import is_same

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from odibi_core.config.placeholders import Values
    from odibi_core.core.node import Step
    from odibi_core.journal.events import Fingerprint
    from odibi_core.journal.record import StepRecord
    from odibi_core.plan.graph import Graph
    from odibi_core.reuse.fingerprints import Fingerprinter
    from odibi_core.reuse.past import Kept, PastRun


@dataclass(frozen=True, slots=True)
class Reuse:
    """A step whose result is taken from a past run.

    Attributes:
        run: The run.
        step: The step as recorded there.
        reason: Why.
        kept: Local output name -> its kept result, where there is one.
        needed: The local output names that this run reads.
    """

    run: PastRun
    step: StepRecord
    reason: str
    kept: Mapping[str, Kept] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run does with each step.

    Attributes:
        why: Steps that run -> why.
        reuse: Steps that are reused.
        left_out: Steps that are left out -> why.
    """

    why: Mapping[str, str]
    reuse: Mapping[str, Reuse]
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class Wish:
    """What is asked of a run.

    Attributes:
        reuse: Whether results are reused where nothing has changed.
        resumes: Whether it carries on with a run that was not carried through.
        only: The steps that were selected, None for all.
        all_data: Whether every dataset has to be there at the end, not only those that a step reads.
    """

    reuse: bool = False
    resumes: bool = False
    only: Collection[str] | None = None
    all_data: bool = False


class Planner:
    """Plans one run.

    Args:
        steps: The pipeline's steps.
        graph: Their graph, without cycles.
        now: Step -> the fingerprint it would have if it ran now.
        past: Runs whose results may be taken, the most wanted first.
        volatile: Tells why a step's SQL gives another result each time; asked where it matters.
        target_of: Tells which file a step writes.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        graph: Graph,
        now: Mapping[str, Fingerprint | None],
        past: Sequence[PastRun],
        volatile: Callable[[Step], str | None],
        target_of: Callable[[Step], Path | None] = lambda _: None,
    ) -> None:
        self._steps = {step.name: step for step in steps}
        self._graph = graph
        self._now = now
        self._past = past
        self._volatile = volatile
        self._target_of = target_of
        self._makers = {key: (step.name, local) for step in steps for local, key in step.outputs.items()}
        self._why: dict[str, str] = {}
        self._same: dict[str, tuple[PastRun, StepRecord]] = {}  # what would come out as it did there
        self._needed: dict[str, set[str]] = {}
        self._faults: dict[Kept, str | None] = {}

    def plan(self, wish: Wish) -> RunPlan:
        """Decides.

        Raises:
            SelectionError: A selected step needs one that is not, and of which nothing is kept.
        """
        order = self._graph.order()
        selected = set(order) if wish.only is None else set(wish.only)
        for name in order:
            self._judge(name, wish)
        runs = [name for name in order if name in selected and self._works(name, wish)]
        frozen = self._settle(runs, selected, wish)
        reuse: dict[str, Reuse] = {}
        left_out: dict[str, str] = {}
        for name in order:
            if name in self._running:
                continue
            if name in selected and name in self._same:
                reuse[name] = self._reused(name, *self._same[name])
            elif name in frozen:
                run, step = frozen[name]
                reuse[name] = self._reused(name, run, step, reason=f"not selected; as {run.run_id} had it")
            else:
                left_out[name] = "not selected" if name not in selected else "nothing that runs uses it"
        return RunPlan({name: self._why.get(name, "") for name in self._running}, reuse, left_out)

    def _works(self, name: str, wish: Wish) -> bool:
        """Whether a selected step runs for its own sake."""
        if not wish.reuse:
            return True
        # A connection is opened for who uses it; one that nobody uses was meant to be tried.
        is_used = self._steps[name].layer == "connect" and bool(self._graph.dependents[name])
        return name not in self._same and not is_used

    # -- what has changed -----------------------------------------------------------------------------

    def _judge(self, name: str, wish: Wish) -> None:
        """Finds the run in which a step came out as it would now, or says why it has to run."""
        step, now = self._steps[name], self._now.get(name)
        if not wish.reuse:
            self._why[name] = "it was selected" if wish.only is not None else ""
            return
        if now is None:
            self._why[name] = "what its result depends on cannot be told"
            return
        if now.never is not None:
            self._why[name] = f"never reused: {now.never}"
            return
        moved = next((need for need in self._graph.needs[name] if self._is_moved(need)), None)
        if moved is not None:
            self._why[name] = f"`{moved}` runs again"
            return
        found = self._find(now)
        if found is None:
            self._why[name] = explain(name, self._now.get(name), self._past)
            return
        run, record = found
        then = record.fingerprint
        reason = then.never if then is not None and then.never is not None else self._volatile(step)
        if reason is not None:
            self._why[name] = f"never reused: {reason}"
        elif (stale := self._target_problem(step, record, run, wish)) is not None:
            self._why[name] = stale
        else:
            self._same[name] = found

    def _is_moved(self, need: str) -> bool:
        """Whether what a step gives may differ from what it gave; a connection is one like the other."""
        return need not in self._same and self._steps[need].layer != "connect"

    def _find(self, now: Fingerprint) -> tuple[PastRun, StepRecord] | None:
        found: tuple[PastRun, StepRecord] | None = None
        for run in self._past:
            step = run.by_fingerprint.get(now.value)
            if step is None:
                continue
            if _is_whole(run, step):
                return run, step
            found = found or (run, step)
        return found

    def _target_problem(self, step: Step, record: StepRecord, run: PastRun, wish: Wish) -> str | None:
        """Returns why a step that writes has to write again."""
        if step.layer not in ("store", "publish"):
            return None
        target = record.fingerprint.target if record.fingerprint is not None else None
        if target is None:
            return f"what it wrote in {run.run_id} is not known"
        if step.params.get("mode") == "append" and not wish.resumes:
            return "it appends"
        if not is_same(target):
            return f"`{step.value}` is not what {run.run_id} wrote"
        return None

    # -- what is needed -------------------------------------------------------------------------------

    def _settle(
        self, runs: list[str], selected: set[str], wish: Wish
    ) -> dict[str, tuple[PastRun, StepRecord]]:
        """Makes what runs have all it reads; returns the steps that are not selected and yet needed."""
        self._running: dict[str, None] = {}
        waiting = list(runs)
        outside: dict[tuple[str, str], str] = {}  # step and output that are not selected -> who reads it
        if wish.all_data and wish.reuse:
            for name in self._same:
                if name in selected:
                    waiting += self._demand_all(name)
        while waiting:
            name = waiting.pop()
            if name in self._running:
                continue
            self._running[name] = None
            waiting += [late for late in self._overwritten(name) if late in selected]
            for need in self._graph.needs[name]:
                if self._steps[need].layer == "connect" and need not in self._running:
                    self._why[need] = f"`{name}` uses the connection"
                    waiting.append(need)
            for key in self._steps[name].inputs.values():
                producer, output = self._makers.get(key, (None, ""))
                if producer is None or producer in self._running or self._steps[producer].layer == "connect":
                    continue
                if producer not in selected:
                    outside.setdefault((producer, output), name)
                elif producer in self._same and not self._demand(producer, output):
                    waiting.append(producer)
        order = {name: at for at, name in enumerate(self._graph.order())}
        self._running = dict.fromkeys(sorted(self._running, key=order.__getitem__))
        return self._freeze(outside)

    def _overwritten(self, name: str) -> list[str]:
        """Returns the steps that read, or come after one that reads, the file that a running step writes."""
        target = self._target_of(self._steps[name])
        if target is None:
            return []
        moved: list[str] = []
        for other in self._graph.names:
            now = self._now.get(other)
            if other in self._same and now is not None and any(f.path == str(target) for f in now.files):
                for late in (other, *self._graph.descendants(other)):
                    if self._same.pop(late, None) is not None:
                        self._why[late] = f"`{name}` writes `{self._steps[name].value}`, which it depends on"
                        moved.append(late)
        return moved

    def _demand_all(self, name: str) -> list[str]:
        step = self._steps[name]
        found = [self._demand(name, local) for local in step.outputs]  # all of them: each is needed
        return [] if all(found) else [name]

    def _demand(self, name: str, output: str) -> bool:
        """Whether the kept result of an output can be read; if not the step has to run, and why."""
        run, step = self._same[name]
        problem = self._problem(run.kept(step, output))
        if problem is None:
            self._needed.setdefault(name, set()).add(output)
            return True
        self._why[name] = f"unchanged, but {problem}"
        return False

    def _freeze(self, outside: Mapping[tuple[str, str], str]) -> dict[str, tuple[PastRun, StepRecord]]:
        """Finds what is read of steps that are not selected, all in one run, so that it fits together."""
        if not outside:
            return {}
        for run in self._past:
            found = self._freeze_in(run, outside)
            if found is not None:
                for name, output in outside:
                    self._needed.setdefault(name, set()).add(output)
                return found
        raise self._unkept(outside)

    def _freeze_in(
        self, run: PastRun, outside: Iterable[tuple[str, str]]
    ) -> dict[str, tuple[PastRun, StepRecord]] | None:
        found: dict[str, tuple[PastRun, StepRecord]] = {}
        for name, output in outside:
            now = self._now.get(name)
            step = run.by_fingerprint.get(now.value) if now is not None else None
            if step is None or self._problem(run.kept(step, output)) is not None:
                return None
            found[name] = (run, step)
        return found

    def _unkept(self, outside: Mapping[tuple[str, str], str]) -> SelectionError:
        """Returns what to say of steps that are read and not selected, and of which not all is kept."""
        for (name, output), reader in outside.items():
            told = self._lack(name, output)
            if told is not None:
                return SelectionError(
                    f"`{reader}` needs `{name}`, which is not selected{told}",
                    step=reader,
                    help=f"select it too: `+{reader}`; what has not changed is not run again with `--reuse`",
                )
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(name for name, _ in outside))
        return SelectionError(
            f"{names} are needed and not selected, and no one run has kept them together",
            help="select them too; what has not changed is not run again with `--reuse`",
        )

    def _lack(self, name: str, output: str) -> str | None:
        """Returns why no run has an output of a step as it would be now, None where one has."""
        now = self._now.get(name)
        value = now.value if now is not None else ""
        done = [(run, run.by_fingerprint[value]) for run in self._past if value in run.by_fingerprint]
        if not done:
            told = f": {explain(name, now, self._past)}"
            return told if self._past else ", and no run has kept its result"
        lacks = [(run, self._problem(run.kept(step, output))) for run, step in done]
        if any(lack is None for _, lack in lacks):
            return None
        run, step = done[0]
        at = f" in {run.run_id}" if run.kept(step, output) is None else ""
        return f", and {str(lacks[0][1]).replace('its', 'the', 1)}{at}"

    def _problem(self, kept: Kept | None) -> str | None:
        if kept is None:
            return "its result was not kept"
        key = kept
        if key not in self._faults:
            self._faults[key] = kept.problem()
        return self._faults[key]

    def _reused(self, name: str, run: PastRun, step: StepRecord, reason: str | None = None) -> Reuse:
        kept = {}
        for local in self._steps[name].outputs:
            found = run.kept(step, local)
            if found is not None:
                kept[local] = found
        return Reuse(
            run,
            step,
            reason or f"unchanged since {step.reused_from or run.run_id}",
            kept,
            frozenset(self._needed.get(name, ())),
        )


def plan_run(
    steps: Sequence[Step],
    graph: Graph,
    prints: Fingerprinter,
    values: Values,
    past: Sequence[PastRun],
    wish: Wish,
) -> RunPlan:
    """Returns what a run does with each step, as things are now.

    Raises:
        SelectionError: A selected step needs one that is not, and of which nothing is kept.
    """
    planner = Planner(
        steps, graph, predicted(prints, past), past, partial(volatile_sql, values=values), prints.target_of
    )
    return planner.plan(wish)


def enough_of(runs: Iterable[PastRun], prints: Fingerprinter) -> list[PastRun]:
    """Returns the runs to look at: the newest alone, if it has all there can be; else all of them."""
    found: list[PastRun] = []
    for run in runs:
        found.append(run)
        if len(found) == 1:
            wanted = [now for now in predicted(prints, found).values() if now is not None]
            steps = [run.by_fingerprint.get(now.value) for now in wanted if now.never is None]
            if all(step is not None and _is_whole(run, step) for step in steps):
                break
    return found


def _is_whole(run: PastRun, step: StepRecord) -> bool:
    return all(_there(run, step, local) for local in step.info.outputs)


def predicted(prints: Fingerprinter, past: Sequence[PastRun]) -> Mapping[str, Fingerprint | None]:
    """Returns the fingerprints steps would have now; files that are as past runs saw them are not read."""
    for run in past:
        for step in run.record.steps:
            if step.fingerprint is not None:
                prints.stamper.learn(step.fingerprint.files)
    return prints.predict()


def _there(run: PastRun, step: StepRecord, output: str) -> bool:
    kept = run.kept(step, output)
    return kept is not None and kept.is_there()
