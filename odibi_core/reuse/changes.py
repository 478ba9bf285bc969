"""What has changed of a step since past runs, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.reuse.digests import digest
from odibi_core.reuse.past import DONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from odibi_core.core.node import Step
    from odibi_core.journal.events import Fingerprint
    from odibi_core.journal.record import StepRecord
    from odibi_core.reuse.past import PastRun

_PARTS = {
    "value": "its `value`",
    "params": "its `params`",
    "shape": "its type, engine, outputs or expectations",
    "values": "the values of its placeholders",
    "code": "its function's code",
    "files": "the files it reads",
    "versions": "the versions it runs with",
    "inputs": "its inputs",
}


def explain(name: str, now: Fingerprint | None, past: Sequence[PastRun]) -> str:
    """Returns why a step cannot be taken from the newest run that did it.

    Args:
        name: The step.
        now: Its fingerprint as things are now.
        past: Past runs, the newest first.
    """
    known = [run for run in past if name in run.steps]
    run = next((run for run in known if run.steps[name].state in (*DONE, "failed")), None)
    run = run or next(iter(known), None)
    if run is None:
        return "it has not run before" if not past else f"{past[0].run_id} has no such step"
    record = run.steps[name]
    then = record.fingerprint
    if record.state == "failed":
        return f"it failed in {run.run_id}"
    if record.state not in DONE:
        return f"it did not run in {run.run_id}"
    if then is None or now is None:
        return f"what its result in {run.run_id} depended on is not known"
    changed = [part for part in _PARTS if now.parts.get(part) != then.parts.get(part)]
    told = [_PARTS[part] for part in changed if part != "inputs"] or (["its inputs"] if changed else [])
    verb = "has" if told in (["its function's code"], ["its `value`"]) else "have"
    return f"{' and '.join(told)} {verb} changed since {run.run_id}" if told else "it has changed"


def changed_since(
    past: Sequence[PastRun],
    now: Mapping[str, Fingerprint | None],
    steps: Sequence[Step],
    is_volatile: Callable[[Step], bool],
) -> set[str]:
    """Returns the steps that are not what they were when they last did their work, or whose data are not.

    What they read counts as it last came out, not as it would now: what comes after a changed step is not
    in it as long as that step has not run.

    Args:
        past: Runs that ended well, the newest first.
        now: Step -> its fingerprint as things are now.
        steps: The steps.
        is_volatile: Tells whether a step's SQL gives another result each time; asked where it matters.
    """
    last: dict[str, StepRecord] = {}
    worked: dict[str, int] = {}  # how many runs ago it did more than take an earlier result
    for age, run in enumerate(past):
        for name, record in run.steps.items():
            if record.state in DONE:
                last.setdefault(name, record)
            if record.state == "success":
                worked.setdefault(name, age)
    makers = {key: (step, local) for step in steps for local, key in step.outputs.items()}

    def is_stale(step: Step, theirs: Fingerprint) -> bool:
        read = []
        age = worked.get(step.name, len(past))
        for local, key in step.inputs.items():
            maker, output = makers.get(key, (None, ""))
            made = last[maker.name].fingerprint if maker is not None and maker.name in last else None
            if maker is None or made is None:
                return True
            if worked.get(maker.name, age) < age and (made.never is not None or is_volatile(maker)):
                return True
            read.append([local, made.value, output])
        return digest(read) != theirs.parts.get("inputs")

    found = set()
    for step in steps:
        mine = now.get(step.name)
        theirs = last[step.name].fingerprint if step.name in last else None
        if mine is None or theirs is None or _own(mine) != _own(theirs) or is_stale(step, theirs):
            found.add(step.name)
    return found


def _own(fingerprint: Fingerprint) -> dict[str, str]:
    return {part: value for part, value in fingerprint.parts.items() if part != "inputs"}
