"""Names of functions: dotted, short, beside the config, from plugins; what is said when there is none."""

import sys
import textwrap
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from odibi_core.errors import FunctionNotFoundError
from odibi_core.functions import importable, odibi_function, resolve, spec_of
from odibi_core.functions.registry import REGISTRY


@pytest.fixture
def write(tmp_path):
    """Writes modules into a base directory; what is imported from there is forgotten afterwards."""
    before = set(sys.modules)

    def write(name, text, directory="base"):
        path = tmp_path / directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return tmp_path / directory

    yield write
    new = set(sys.modules) - before
    for name in new:
        del sys.modules[name]
    REGISTRY.forget_modules(new)


def refusal(name, base=None):
    with pytest.raises(FunctionNotFoundError) as caught:
        resolve(name, base)
    assert caught.value.field == "value"
    return str(caught.value)


def test_a_dotted_name_is_a_function_of_an_installed_module():
    import os.path

    assert resolve("os.path.join") is os.path.join


def test_a_module_beside_the_config_is_found(write):
    base = write("transforms_a.py", "def clean(df): return df")
    assert resolve("transforms_a.clean", base).__name__ == "clean"


def test_the_module_comes_from_the_current_directory_without_a_base(write, monkeypatch):
    monkeypatch.chdir(write("transforms_b.py", "def clean(df): return df"))
    assert resolve("transforms_b.clean").__name__ == "clean"


def test_a_nested_attribute_and_a_module_in_a_package_are_found(write):
    base = write("pack_a/__init__.py", "")
    write("pack_a/inner/__init__.py", "")
    write("pack_a/inner/deep.py", "class Tools:\n    @staticmethod\n    def clean(df): return df")
    assert resolve("pack_a.inner.deep.Tools.clean", base).__qualname__ == "Tools.clean"


def test_an_attribute_of_the_package_comes_before_a_module_of_that_name(write):
    base = write("pack_b/__init__.py", "def clean(df): return 'package'")
    write("pack_b/clean.py", "")
    assert resolve("pack_b.clean", base)(None) == "package"


def test_sys_path_is_as_before_afterwards(write):
    base = write("transforms_c.py", "import sys\nseen = list(sys.path)\ndef clean(df): return df")
    before = list(sys.path)
    function = resolve("transforms_c.clean", base)
    assert sys.path == before
    assert function.__globals__["seen"][0] == str(base)


def test_sys_path_keeps_a_directory_while_anybody_needs_it(tmp_path):
    with importable(tmp_path):
        with importable(tmp_path):
            assert sys.path.count(str(tmp_path)) == 1
        assert str(tmp_path) in sys.path
    assert str(tmp_path) not in sys.path


def test_a_directory_that_was_on_sys_path_stays(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    with importable(tmp_path):
        pass
    assert str(tmp_path) in sys.path


def test_modules_of_one_name_in_two_pipelines_are_not_mixed_up(write):
    one = write("shared_name.py", "import shared_helper\ndef which(): return 'one', shared_helper.x", "one")
    write("shared_helper.py", "x = 1", "one")
    two = write("shared_name.py", "import shared_helper\ndef which(): return 'two', shared_helper.x", "two")
    write("shared_helper.py", "x = 2", "two")
    first = resolve("shared_name.which", one)
    assert first() == ("one", 1)
    assert resolve("shared_name.which", two)() == ("two", 2)
    assert resolve("shared_name.which", one)() == ("one", 1)
    assert first() == ("one", 1)


def test_an_installed_module_is_not_unloaded_for_a_directory_of_its_name(tmp_path):
    import json

    (tmp_path / "json").mkdir()
    assert resolve("json.loads", tmp_path) is json.loads


def test_a_short_name_is_what_was_registered():
    @odibi_function("short_name_a", engines="pandas", returns={"id": "int64"}, volatile=True)
    def whatever(df):
        return df

    assert resolve("short_name_a") is whatever
    spec = spec_of(whatever)
    assert (spec.engines, spec.returns, spec.volatile) == (("pandas",), (("id", "int64"),), True)


def test_the_bare_decorator_registers_under_the_functions_own_name():
    @odibi_function
    def short_name_b(df):
        return df

    assert resolve("short_name_b") is short_name_b


def test_a_registered_name_may_hold_dots():
    @odibi_function("acme.clean_c")
    def clean(df):
        return df

    assert resolve("acme.clean_c") is clean


def test_short_names_of_odibi_functions_beside_the_config_are_known(write):
    base = write(
        "odibi_functions.py",
        """
        from odibi_core.functions import odibi_function

        @odibi_function("clean_d")
        def clean(df): return "mine"
        """,
    )
    assert resolve("clean_d", base)(None) == "mine"


def test_short_names_of_two_pipelines_are_not_mixed_up(write):
    text = "from odibi_core.functions import odibi_function as f\n@f('clean_e')\ndef clean(): return {!r}"
    one = write("odibi_functions.py", text.format("one"), "one")
    two = write("odibi_functions.py", text.format("two"), "two")
    assert [resolve("clean_e", base)() for base in (one, two, one)] == ["one", "two", "one"]


def test_one_name_for_two_functions_is_refused():
    @odibi_function("taken_a")
    def first(df):
        return df

    with pytest.raises(ValueError, match=r"`taken_a` is taken by .*first"):

        @odibi_function("taken_a")
        def second(df):
            return df


def test_a_module_that_is_imported_again_replaces_its_own():
    def register():
        @odibi_function("again_a")
        def again(df):
            return df

        return again

    register()
    latest = register()
    assert resolve("again_a") is latest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engines": "pandsa"}, "unknown engine `pandsa`; `pandas` exists"),
        ({"returns": [("a", "int64"), ("a", "string")]}, "names the column `a` twice"),
    ],
)
def test_a_wrong_declaration_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        odibi_function("wrong_a", **arguments)


def entry(name, value):
    return EntryPoint(name=name, value=value, group="odibi.functions")


@pytest.fixture
def plugins(monkeypatch):
    def install(*points):
        found = EntryPoints(points)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: found.select(group=group))

    return install


def test_a_plugin_is_known_by_the_name_of_its_entry_point(plugins):
    import os.path

    plugins(entry("join_paths", "os.path:join"))
    assert resolve("join_paths") is os.path.join


def test_a_plugin_module_registers_its_functions(plugins, write):
    base = write(
        "plugin_module_a.py",
        """
        from odibi_core.functions import odibi_function

        @odibi_function("from_plugin_a")
        def clean(df): return df
        """,
    )
    plugins(entry("acme", "plugin_module_a"))
    assert resolve("from_plugin_a", base).__name__ == "clean"


def test_a_broken_plugin_says_so_only_to_those_who_name_it(plugins, write, caplog):
    base = write("plugin_module_b.py", "raise RuntimeError('no licence')")
    plugins(entry("acme_b", "plugin_module_b"), entry("join_b", "os.path:join"))
    assert resolve("join_b", base).__name__ == "join"
    assert not caplog.records
    assert "plugin `acme_b` (plugin_module_b) cannot be loaded: RuntimeError: no licence" in refusal(
        "acme_b", base
    )
    refusal("other_name_b", base)
    assert "plugin acme_b" in caplog.text


def test_an_unknown_short_name_says_what_was_tried_and_what_is_near(plugins, write):
    base = write("odibi_functions.py", "")
    plugins(entry("join_paths", "os.path:join"))
    text = refusal("dedup", base)
    assert "no function is registered as `dedup`" in text
    assert (
        "`odibi_functions` beside the config, the built-in ones, entry points `odibi.functions` (join_paths)"
        in text
    )
    assert text.endswith("`dedupe` exists")
    assert refusal("join_path", base).endswith("`join_paths` exists")


def test_a_missing_module_names_the_directory_and_a_near_one(write):
    base = write("transforms_d.py", "")
    assert refusal("transfroms_d.clean", base) == (
        f"no function `transfroms_d.clean`: there is no module `transfroms_d`, "
        f"neither in {base} nor installed; a module `transforms_d` is in {base}"
    )


def test_a_missing_attribute_names_the_file_and_a_near_one(write):
    base = write("transforms_e.py", "def clean(df): return df")
    assert refusal("transforms_e.claen", base) == (
        f"no function `transforms_e.claen`: module `transforms_e` ({base / 'transforms_e.py'}) "
        "has no `claen`; `transforms_e.clean` exists"
    )


def test_a_missing_module_in_a_package_suggests_the_whole_name(write):
    base = write("pack_c/__init__.py", "")
    write("pack_c/cleaning.py", "def drop(df): return df")
    assert refusal("pack_c.cleanin.drop", base).endswith("`pack_c.cleaning.drop` exists")


def test_an_error_while_importing_is_told_apart_from_a_missing_module(write):
    base = write("transforms_f.py", "import not_there_at_all")
    text = refusal("transforms_f.clean", base)
    assert "importing `transforms_f` failed: ModuleNotFoundError: No module named 'not_there_at_all'" in text
    base = write("transforms_g.py", "def clean(df) return df")
    assert "importing `transforms_g` failed: SyntaxError" in refusal("transforms_g.clean", base)


def test_what_is_not_a_function_is_refused(write):
    base = write("transforms_h.py", "clean = 3")
    assert "`transforms_h.clean` is not a function but of type `int`" in refusal("transforms_h.clean", base)


@pytest.mark.parametrize(
    ("name", "help"),
    [
        ("", "write `module.function` or a registered name"),
        ("a b.c", "write `module.function` or a registered name"),
        ("transforms:clean", "write `transforms.clean`"),
        ("..clean", "write `module.function` or a registered name"),
        ("\x1b[31mred", "write `module.function` or a registered name"),
    ],
)
def test_what_is_no_name_says_how_to_write_one(name, help):
    text = refusal(name)
    assert text.endswith(f"is not a function's name; {help}")
    assert "\x1b" not in text


def test_a_module_written_a_moment_ago_is_found(write):
    base = write("odibi_functions.py", "")
    refusal("late_module.clean", base)
    write("late_module.py", "def clean(df): return df")
    assert resolve("late_module.clean", base).__name__ == "clean"
