"""Running some steps: what is used of the others, and what is said where nothing is there to be used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from odibi_core.core import Step
from odibi_core.errors import RunError, SelectionError
from odibi_core.runs.choosing import kept_selection, run_to_resume, selected
from odibi_core.runs.request import RunRequest
from tests.builders import sql
from tests.reuse.pipelines import Bench, data_of, ran, states, told


def pipeline(query: str = "SELECT a, a * 2 AS b FROM r") -> list[Step]:
    return [
        Step("ingest", "read", "config_op", "duckdb", "in.csv", outputs={"d": "read"}),
        sql("double", query, r="read"),
        sql("total", "SELECT sum(b) AS s FROM d", d="double"),
        sql("other", "SELECT max(a) AS m FROM r", r="read"),
        Step("store", "out", "config_op", "duckdb", "out.csv", inputs={"d": "total"}),
    ]


@pytest.fixture
def bench(tmp_path) -> Bench:
    (tmp_path / "in.csv").write_text("a\n1\n2\n")
    return Bench(tmp_path)


def request(bench: Bench, steps: list[Step], **options) -> RunRequest:
    return RunRequest(steps=steps, pipeline="p", base_dir=bench.directory, **options)


def test_what_a_selection_needs_is_taken_from_the_newest_run_that_kept_it(bench):
    first = bench.run(pipeline())
    run = bench.run(pipeline(), only={"total"})
    assert states(run) == {
        "read": "skipped", "double": "reused", "total": "success", "other": "skipped", "out": "skipped",
    }  # fmt: skip
    assert told(run, "double") == f"not selected; as {first.run_id} had it"
    assert told(run, "total") == "it was selected" and told(run, "read") == "not selected"
    assert run.record.state == "success" and data_of(run)["total"].to_pylist() == [{"s": 6}]


def test_what_nobody_has_kept_is_not_run_silently(bench):
    bench.run(pipeline(), only={"total"})
    error = bench.error
    assert isinstance(error, SelectionError)
    assert str(error).startswith("`total` needs `double`, which is not selected, and no run has kept its")
    assert "+total" in str(error) and "--reuse" in str(error)


def test_what_has_changed_is_not_used_as_it_was(bench):
    first = bench.run(pipeline())
    bench.run(pipeline("SELECT a, a * 3 AS b FROM r"), only={"total"})
    assert str(bench.error).startswith(
        f"`total` needs `double`, which is not selected: its `value` has changed since {first.run_id}"
    )
    (bench.directory / "in.csv").write_text("a\n5\n")
    bench.run(pipeline(), only={"total"})
    assert "its inputs have changed" in str(bench.error)


def test_what_was_kept_and_is_gone_is_told(bench):
    first = bench.run(pipeline())
    (first.directory / first.record.datasets["double"].full_file).unlink()
    bench.run(pipeline(), only={"total"})
    assert "`double`, which is not selected, and the kept result is gone" in str(bench.error)


def test_what_was_never_kept_is_not_said_to_have_changed(bench):
    steps = [
        sql("misc", "SELECT i, '101'::BIT AS b FROM range(200) t(i)"),
        sql("good", "SELECT 1 AS a"),
        sql("of_good", "SELECT * FROM d", d="good"),
        sql("of_misc", "SELECT * FROM d", d="misc"),
    ]
    first = bench.run(steps)
    bench.run(steps, only={"of_good"})
    bench.run(steps, only={"of_misc"})
    assert str(bench.error).startswith(
        f"`of_misc` needs `misc`, which is not selected, and the result was not kept in {first.run_id};"
    )


def test_what_is_kept_in_two_runs_only_is_told_as_that(bench):
    bench.run(pipeline())
    other = pipeline("SELECT a, a * 4 AS b FROM r")
    other.append(sql("both", "SELECT * FROM d, o", d="double", o="other"))
    bench.run(other, only={"double"})
    bench.run(other, only={"both"})
    assert str(bench.error).startswith(
        "`double`, `other` are needed and not selected, and no one run has kept them together"
    )
    assert "changed since" not in str(bench.error)


def test_with_reuse_selected_steps_that_have_not_changed_are_reused_too(bench):
    bench.run(pipeline())
    run = bench.run(pipeline(), only={"double", "total"}, use_cache=True)
    assert ran(run) == set() and states(run)["double"] == "reused" and states(run)["read"] == "skipped"


def test_what_is_used_is_of_one_run_even_where_it_is_never_the_same_twice(bench):
    def volatile(last: str) -> list[Step]:
        return [
            sql("clock", "SELECT random() AS r, 1 AS n"),
            sql("left", "SELECT r FROM c", c="clock"),
            sql("both", f"SELECT l.r = c.r AS same, {last} AS n FROM l, c", l="left", c="clock"),
        ]

    bench.run(volatile("1"))
    second = bench.run(volatile("1"))
    (second.directory / second.record.datasets["left"].full_file).unlink()
    run = bench.run(volatile("2"), only={"both"})
    assert data_of(run)["both"].to_pylist() == [{"same": True, "n": 2}]
    again = bench.run(volatile("2"), use_cache=True)
    assert ran(again) == {"clock", "left", "both"}
    assert told(again, "clock") == "never reused: `random` is volatile"
    assert told(again, "left") == "`clock` runs again"


def test_a_step_that_reads_what_a_running_step_writes_runs(bench):
    def steps(factor: int) -> list[Step]:
        return [
            sql("make", f"SELECT {factor} AS n"),
            Step("store", "write", "config_op", "duckdb", "mid.csv", inputs={"d": "make"}),
            Step("ingest", "read_back", "config_op", "duckdb", "mid.csv", outputs={"d": "back"}),
            sql("late", "SELECT n FROM b", b="back"),
        ]

    (bench.directory / "mid.csv").write_text("n\n1\n")
    bench.run(steps(1), max_workers=1)
    same = bench.run(steps(1), use_cache=True)
    assert ran(same) == set()
    other = bench.run(steps(2), use_cache=True, max_workers=1)
    assert ran(other) == {"make", "write", "read_back", "late"}
    assert "`write` writes `mid.csv`" in (told(other, "read_back") or "")


def test_a_connection_is_opened_for_who_runs_and_only_then(bench):
    import duckdb

    with duckdb.connect(bench.directory / "x.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
    steps = [
        Step("connect", "db", value="x.duckdb"),
        Step("ingest", "table", "config_op", "duckdb", "t", {"connection": "db"}, outputs={"d": "t"}),
        sql("apart", "SELECT 1 AS n"),
        sql("after", "SELECT n FROM t", t="t"),
    ]
    first = bench.run(steps)
    assert ran(first) == {"db", "table", "apart", "after"}
    run = bench.run(steps, use_cache=True)
    assert ran(run) == {"db", "table", "after"} and told(run, "table") == "never reused: it reads a database"
    alone = bench.run(steps, only={"after"})
    assert states(alone) == {"db": "skipped", "table": "reused", "apart": "skipped", "after": "success"}
    table = bench.run(steps, only={"table"})
    assert ran(table) == {"db", "table"}


def test_an_appended_file_is_appended_to_again_but_not_by_a_resumed_run(bench):
    def steps(query: str) -> list[Step]:
        return [
            sql("a", "SELECT 1 AS n"),
            Step("store", "log", "config_op", "duckdb", "log.csv", {"mode": "append"}, {"d": "a"}),
            sql("b", query),
        ]

    failed = bench.run(steps("SELECT error('no')"), keep_going=True)
    bench.run(steps("SELECT 1"), resume=failed.directory)
    assert (bench.directory / "log.csv").read_text() == "n\n1\n"
    run = bench.run(steps("SELECT 1"), use_cache=True)
    assert told(run, "log") == "it appends" and (bench.directory / "log.csv").read_text() == "n\n1\n1\n"


# -- before a run starts ------------------------------------------------------------------------------


def test_a_selection_is_refused_before_anything_is_started(bench):
    with pytest.raises(SelectionError, match="`total` needs `double`"):
        selected(request(bench, pipeline()), ["total"], [])
    assert selected(request(bench, pipeline()), ["+total"], []) == {"read", "double", "total"}
    assert selected(request(bench, pipeline()), [], ["other"]) == {"read", "double", "total", "out"}
    bench.run(pipeline())
    assert selected(request(bench, pipeline()), ["total"], []) == {"total"}


def test_changed_steps_are_those_that_are_not_as_in_the_last_good_run(bench):
    with pytest.raises(SelectionError, match="no run of `p` has ended well"):
        selected(request(bench, pipeline()), ["changed"], [])
    bench.run(pipeline())
    assert selected(request(bench, pipeline()), ["changed"], []) == frozenset()
    other = pipeline("SELECT a, a * 4 AS b FROM r")
    assert selected(request(bench, other), ["changed"], []) == {"double"}
    assert selected(request(bench, other), ["changed+"], []) == {"double", "total", "out"}
    bench.run(other, only={"double"})
    assert selected(request(bench, other), ["changed"], []) == {"total"}
    (bench.directory / "in.csv").write_text("a\n9\n")
    assert selected(request(bench, other), ["changed"], ["out", "total"]) == {"read"}
    assert selected(request(bench, other), ["changed+"], ["out"]) == {"read", "double", "other", "total"}


def test_steps_whose_data_were_made_anew_since_they_ran_count_as_changed(bench):
    other = pipeline("SELECT a, a * 4 AS b FROM r")
    bench.run(pipeline())
    bench.run(other, only={"double"})
    assert selected(request(bench, other), ["changed+"], []) == {"total", "out"}
    bench.run(other, only={"total"})
    assert selected(request(bench, other), ["changed"], []) == {"out"}
    bench.run(other, only={"out"})
    assert selected(request(bench, other), ["changed"], []) == frozenset()
    bench.run(other, only={"read"})
    assert selected(request(bench, other), ["changed"], []) == frozenset(), "it read the same again"


def test_what_reads_a_result_that_is_never_the_same_is_changed_when_it_was_made_anew(bench):
    steps = pipeline("SELECT a, random() AS b FROM r")
    bench.run(steps)
    assert selected(request(bench, steps), ["changed"], []) == frozenset()
    bench.run(steps, only={"double"})
    assert selected(request(bench, steps), ["changed"], []) == {"total"}
    bench.run(steps, only={"out"})  # on the total that is kept, which is none of the new numbers
    assert selected(request(bench, steps), ["changed"], []) == {"total"}
    bench.run(steps, only={"total"})
    assert "total" not in selected(request(bench, steps), ["changed"], [])


def test_the_run_to_resume_by_its_names(bench):
    bad = pipeline("SELECT error('no') AS b FROM r")
    with pytest.raises(RunError, match="there is no run of `p`"):
        run_to_resume("latest", request(bench, bad))
    failed, good = bench.run(bad), bench.run(pipeline())
    asked = request(bench, pipeline())
    assert run_to_resume("latest", asked) == good.directory
    assert run_to_resume("failed", asked) == failed.directory
    assert run_to_resume(failed.run_id, asked) == failed.directory
    for path in (failed.directory, failed.directory / "events.jsonl", f"{failed.directory}.json"):
        assert run_to_resume(str(path), asked) == failed.directory
    with pytest.raises(RunError, match="no run `run_20200101_000000`"):
        run_to_resume("run_20200101_000000", asked)
    (bench.log_dir / "run_20200101_000000.json").write_text("{}")
    with pytest.raises(RunError, match="has no journal"):
        run_to_resume("run_20200101_000000", asked)
    for path in bench.log_dir.glob(f"{failed.run_id}/*.jsonl"):
        path.unlink()
    with pytest.raises(RunError, match="there is no run that failed"):
        run_to_resume("failed", asked)


# -- carrying on with a run of some steps -------------------------------------------------------------


def failing() -> list[Step]:
    return pipeline("SELECT error('no') AS b FROM r")


def test_a_run_of_some_steps_is_carried_on_with_these_alone(bench):
    failed = bench.run(failing(), only={"read", "double"})
    resumed = bench.run(pipeline(), resume=failed.directory)
    assert states(resumed) == {
        "read": "reused", "double": "success", "total": "skipped", "other": "skipped", "out": "skipped",
    }  # fmt: skip
    again = bench.run(pipeline(), resume=resumed.directory)
    assert states(again)["double"] == "reused" and states(again)["out"] == "skipped"
    everything = bench.run(pipeline(), resume=failed.directory, only={step.name for step in pipeline()})
    assert states(everything)["out"] == "success"


def test_the_selection_of_a_run_to_resume_is_told_before_the_start(bench):
    whole, part = bench.run(failing()), bench.run(failing(), only={"read", "double"})
    asked = request(bench, pipeline())
    assert kept_selection(asked) is None
    assert kept_selection(replace(asked, resume=whole.directory)) is None
    assert kept_selection(replace(asked, resume=part.directory)) == {"read", "double"}
    gone = [Step("ingest", "new", "config_op", "duckdb", "in.csv", outputs={"d": "new"})]
    with pytest.raises(SelectionError, match=f"no step that was selected in {part.run_id} is there any more"):
        kept_selection(request(bench, gone, resume=part.directory))


def test_a_selection_that_holds_a_secret_is_not_guessed(bench, monkeypatch):
    monkeypatch.setenv("ODIBI_T", "double")
    steps = failing()
    steps[1].params = {"note": "${env:ODIBI_T}"}
    part = bench.run(steps, only={"read", "double"})
    with pytest.raises(SelectionError, match="cannot be told: a secret stands in a name"):
        kept_selection(request(bench, pipeline(), resume=part.directory))


def test_names_of_no_steps_are_refused_with_the_nearest(bench):
    with pytest.raises(SelectionError, match=r"`only`: no step is called `totl`; did you mean `total`"):
        bench.run(pipeline(), only={"totl", "read"})
    with pytest.raises(TypeError, match="`only` is a collection"):
        bench.run(pipeline(), only="total")
    with pytest.raises(ValueError, match="`profile` is one of sample, full, off, not 'y'"):
        bench.run(pipeline(), profile="y")
    assert not bench.log_dir.exists()
