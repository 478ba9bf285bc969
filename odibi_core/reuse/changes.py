"""What has changed of a step since past runs, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.reuse.past import DONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from odibi_core.journal.events import Fingerprint
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


def changed_since(past: Sequence[PastRun], now: Mapping[str, Fingerprint | None]) -> set[str]:
    """Returns the steps that are not what they were when they last did their work.

    By themselves, not by what they read: what comes after a changed step is not in it.

    Args:
        past: Runs that ended well, the newest first.
        now: Step -> its fingerprint as things are now.
    """
    found = set()
    for name, mine in now.items():
        done = (run.steps[name] for run in past if name in run.steps and run.steps[name].state in DONE)
        step = next(done, None)
        theirs = step.fingerprint if step is not None else None
        if mine is None or theirs is None or _own(mine) != _own(theirs):
            found.add(name)
    return found


def _own(fingerprint: Fingerprint) -> dict[str, str]:
    return {part: value for part, value in fingerprint.parts.items() if part != "inputs"}
