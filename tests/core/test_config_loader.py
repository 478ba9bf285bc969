"""ConfigLoader and ConfigValidator: the exceptions that code relies on, with every problem in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from odibi_core.core.config_loader import ConfigLoader, ConfigValidationError, ConfigValidator
from odibi_core.core.node import Step
from odibi_core.errors import ConfigFieldError, ConfigFormatError


def load(tmp_path: Path, content: Any, **options: Any) -> list[Step]:
    path = tmp_path / "x.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return ConfigLoader().load(path, **options)


def test_a_path_may_be_text_or_a_path(tmp_path: Path) -> None:
    steps = load(tmp_path, [{"name": "a"}])
    assert ConfigLoader().load(str(tmp_path / "x.json")) == steps == [Step(name="a")]


def test_loaded_steps_know_where_they_stand_and_compare_equal_to_others(tmp_path: Path) -> None:
    (step,) = load(tmp_path, '[\n  {"name": "a"}\n]')
    assert step.origin is not None
    assert str(step.origin.locate("name")).endswith("x.json:2:12")
    assert step == Step(name="a")
    assert "origin" not in repr(step)


def test_an_empty_array_loads_and_is_the_validators_business(tmp_path: Path) -> None:
    assert load(tmp_path, []) == []


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", "[{'name': 'a'}]", '[{"name": "a"},]', "[" * 1000, "null"]
)
def test_what_is_no_array_of_objects_is_a_value_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(ValueError, match=r"x\.json:1:"):
        load(tmp_path, content)


def test_a_step_without_a_name_is_a_key_error_whose_text_is_its_message(tmp_path: Path) -> None:
    with pytest.raises(KeyError) as caught:
        load(tmp_path, [{"name": "a"}, {"layer": "ingest"}])
    assert "this step has no `name`" in str(caught.value)
    assert not str(caught.value).startswith('"')


def test_a_misspelled_name_is_a_key_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="`nmae` is not a field of a step; write `name`"):
        load(tmp_path, [{"nmae": "a"}])


def test_every_problem_is_in_the_message_and_in_the_diagnostics(tmp_path: Path) -> None:
    with pytest.raises(ConfigFormatError) as caught:
        load(
            tmp_path,
            '[{"name": "a", "inputs": []},\n {"name": "b", "params": 3, "params": NaN},\n {"name": 5}]',
        )
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].rpartition("x.json")[2] for line in lines] == [
        ":1:26",
        ":2:29",
        ":2:39",
        ":3:11",
    ]
    assert "(step `a`, field `inputs`)" in lines[0]
    assert [found.code for found in caught.value.diagnostics] == ["ODB122", "ODB110", "ODB111", "ODB122"]


def test_warnings_do_not_stop_a_load(tmp_path: Path) -> None:
    assert load(tmp_path, [{"name": "a", "owner": "sales"}]) == [Step(name="a")]


def test_a_layer_may_be_chosen_and_a_project_of_a_json_config_is_an_error(tmp_path: Path) -> None:
    steps = [{"name": "a", "layer": "ingest"}, {"name": "b", "layer": "store"}]
    assert [step.name for step in load(tmp_path, steps, layer="store")] == ["b"]
    with pytest.raises(ValueError, match="belong to no project"):
        load(tmp_path, steps, project="retail")


def test_a_lack_of_a_name_is_a_key_error_also_among_others_but_not_where_the_text_does_not_parse(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigFieldError):
        load(tmp_path, [{}, 1])
    with pytest.raises(ConfigFormatError):
        load(tmp_path, "[{},]")


# -- the validator -----------------------------------------------------------------------------------


def message(*steps: Step) -> str:
    with pytest.raises(ConfigValidationError) as caught:
        ConfigValidator().validate_config(list(steps))
    assert caught.value.diagnostics
    return str(caught.value)


def step(name: str, needs: str | None = None, output: str | None = None, **fields: Any) -> Step:
    return Step(
        name=name, inputs={"data": needs} if needs else {}, outputs={"data": output or name}, **fields
    )  # fmt: skip


def test_no_steps() -> None:
    assert message() == "Config is empty"


def test_names_and_keys_that_stand_twice() -> None:
    text = message(step("a"), step("a", output="x"), step("c", output="x"))
    assert "Duplicate step names found: `a`" in text
    assert "Duplicate output keys found: `a` outputs `x` already, and so does step `c`" in text


def test_an_undefined_input_with_the_nearest_key() -> None:
    text = message(step("read", output="raw_data"), step("clean", "raw_dta"))
    assert "step `clean` references undefined input: no step outputs `raw_dta`" in text
    assert "`read` outputs `raw_data`" in text


def test_unknown_names() -> None:
    text = message(step("a", layer="ingset", type="sequel", engine="polars"))
    assert "invalid layer" in text and "invalid type" in text and "invalid engine" in text
    assert len(text.splitlines()) == 3


def test_every_cycle_with_its_whole_path() -> None:
    chain = [step(f"s{n}", f"s{(n - 1) % 1000}") for n in range(1000)]
    text = message(*chain, step("x", "y"), step("y", "x"), step("z", "z"))
    lines = text.splitlines()
    assert "Circular dependency: x → y → x" in text
    assert "Circular dependency: z → z" in text
    assert " → ".join(f"s{n}" for n in range(1000)) + " → s0" in lines[0]
    assert len(lines) == 3


def test_the_whole_of_it_one_problem_a_line_and_as_data() -> None:
    steps = [step("a", layer="x"), step("a"), step("b", "nowhere"), step("c", "d"), step("d", "c")]
    with pytest.raises(ConfigValidationError) as caught:
        ConfigValidator().validate_config(steps)
    assert len(str(caught.value).splitlines()) == len(caught.value.diagnostics) == 5
    assert {found.code for found in caught.value.diagnostics} == {
        "ODB126",
        "ODB201",
        "ODB202",
        "ODB203",
        "ODB204",
    }


def test_loaded_steps_are_told_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigValidationError, match=r"x\.json:1:26: step `a` has invalid layer"):
        ConfigValidator().validate_config(load(tmp_path, [{"name": "a", "layer": "ingset"}]))


def test_what_only_a_run_would_miss_passes() -> None:
    ConfigValidator().validate_config([Step("ingest", "read"), Step("store", "write"), step("clean")])


def test_the_known_names_are_class_attributes() -> None:
    assert {"connect", "ingest", "transform", "store", "publish"} == ConfigValidator.VALID_LAYERS
    assert {"pandas", "spark", "duckdb"} == ConfigValidator.VALID_ENGINES
    assert {"sql", "function", "config_op", "api"} == ConfigValidator.VALID_TYPES


def test_loading_and_checking_import_only_what_is_light() -> None:
    code = (
        "import sys\n"
        "from odibi_core.core.config_loader import ConfigLoader\n"
        "import odibi_core.config, odibi_core.checks\n"
        "heavy = {'pandas', 'duckdb', 'pyarrow', 'pyspark', 'sqlglot', 'sqlite3', 'csv', 'msgspec',"
        " 'click', 'rich', 'asyncio', 'logging', 'textual'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
