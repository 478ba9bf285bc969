"""check_expect: expectations are in their form, and of a step that has data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from odibi_core.checks.codes import expect_codes
from odibi_core.checks.pipeline import place
from odibi_core.config.origins import replacement
from odibi_core.plan.expectations import read_expectations
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from odibi_core.checks.pipeline import Pipeline
    from odibi_core.core.node import Step
    from odibi_core.diagnostics import Diagnostic
    from odibi_core.plan.expectations import Expectation, ExpectationProblem


def check_expect(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yields expectations that a run could not read."""
    for step in pipeline.steps:
        if not step.metadata or step.metadata.get("expect") is None:
            continue
        if not pipeline.is_known(step, "metadata"):
            continue
        expectations, problems = read_expectations(step.metadata)
        for problem in problems:
            yield _unreadable(step, problem)
        if problems and not expectations:
            continue
        without = _without_data(step)
        if without is not None:
            yield without
            continue
        for expectation in expectations:
            if expectation.output is not None:
                yield from _check_output(step, expectation)


def _unreadable(step: Step, problem: ExpectationProblem) -> Diagnostic:
    code = expect_codes.INVALID_EXPECTATION if problem.known else expect_codes.UNKNOWN_EXPECTATION
    return code.found(
        problem.message, step=step.name, field=".".join(map(str, problem.path)),
        span=place(step, *problem.path, key=problem.at_key, start=0), suggestion=problem.suggestion,
        help=problem.help,
        fix=None if problem.suggestion is None
        else replacement(
            step.origin, problem.suggestion, *problem.path, key=problem.at_key, safe=problem.certain
        ),
    )  # fmt: skip


def _without_data(step: Step) -> Diagnostic | None:
    if step.layer == "connect":
        said, help = "a connect step has no data", "expect it of the step that reads the data"
    elif step.layer in ("ingest", "transform") and not step.outputs:
        said, help = "a step without outputs has no data", 'add "outputs": {"data": "<key>"}'
    else:
        return None
    return expect_codes.EXPECTATION_WITHOUT_DATA.found(
        f"{said} to expect anything of", step=step.name, field="metadata.expect",
        span=place(step, "metadata", "expect", key=True), help=help,
    )  # fmt: skip


def _check_output(step: Step, expectation: Expectation) -> Iterator[Diagnostic]:
    local = expectation.output
    assert local is not None
    path = (*expectation.path[:3], "output")
    if step.layer in ("store", "publish"):
        known = list(step.inputs)
        if local in known:
            return
        said = f"a {step.layer} step expects it of its input, which is not called `{local}`"
    elif local in step.outputs:
        return
    else:
        known, said = list(step.outputs), f"the step has no output `{local}`"
    meant = nearest(local, known)
    yield expect_codes.INVALID_EXPECTATION.found(
        said, step=step.name, field=".".join(map(str, path)), span=place(step, *path, start=0),
        suggestion=meant, help=f"did you mean `{meant}`" if meant else "leave `output` out",
        fix=None if meant is None else replacement(step.origin, meant, *path, safe=False),
    )  # fmt: skip
