"""What is done with files: the words of the command line, fixes, editors, settings, finding configs."""

import json
import os
import stat

import pytest

from odibi_core.config import read_document
from odibi_core.diagnostics import Fix
from odibi_core.errors import ConfigError
from odibi_tui.arguments import parse
from odibi_tui.editing import apply_fix, editor_command
from odibi_tui.finding import candidates, look_at
from odibi_tui.pruning import Pruning, prune_runs
from odibi_tui.recents import load_recents, remember
from odibi_tui.settings import load_settings
from tests.runs.past import make_run
from tests.tui.shell import PIPELINE, project, write


def test_a_config_a_run_log_a_run_directory_and_a_directory_are_told_apart(tmp_path):
    config = project(tmp_path)
    log = tmp_path / "tracker_logs" / "run_20260131_120412.json"
    log.parent.mkdir()
    log.write_text(json.dumps({"pipeline_id": "run_20260131_120412", "steps": []}))
    run = log.with_suffix("")
    run.mkdir()
    (run / "events.jsonl").touch()
    kinds = [parse([str(path)]).kind for path in (config, log, run, tmp_path)]
    assert kinds == ["config", "run", "run", "directory"]
    assert parse([str(run)]).log_dir == log.parent
    assert parse([str(config)]).log_dir == tmp_path / "tracker_logs"


def test_variables_come_from_a_file_and_from_words_which_win(tmp_path):
    values = tmp_path / "values.json"
    values.write_text('{"day": "2026-01-30", "limit": 5}')
    asked = parse(
        [str(project(tmp_path)), "--vars", str(values), "--var", "day=2026-01-31", "--var", "q=a=b"]
    )
    assert asked.variables == {"day": "2026-01-31", "limit": 5, "q": "a=b"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.json"], "Config source not found"),
        (["notes.txt"], "Unsupported config source"),
        ([".", "--var", "novalue"], "not of the form NAME=VALUE"),
        ([".", "--vars", "notes.txt"], "is not JSON"),
        ([".", "--base-dir", "nowhere"], "no such directory"),
    ],
)
def test_what_cannot_be_opened_is_told(tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ConfigError, match=told):
        parse(words)


@pytest.mark.parametrize(("flag", "told"), [("--help", "examples:"), ("--version", "odibi-tui 0.")])
def test_help_has_examples_and_version_a_number(capsys, flag, told):
    with pytest.raises(SystemExit) as end:
        parse([flag])
    assert end.value.code == 0 and told in capsys.readouterr().out


def test_a_fix_replaces_its_characters_and_keeps_the_rest_byte_for_byte(tmp_path):
    config = tmp_path / "a.json"
    config.write_bytes('[{"name": "é",\r\n "value": "wrng"}]'.encode())
    config.chmod(0o640)
    at = config.read_bytes().decode().index("wrng")
    apply_fix(config, read_document(config), Fix("m", "safe", at, at + 4, "right"))
    assert config.read_bytes() == '[{"name": "é",\r\n "value": "right"}]'.encode()
    assert stat.S_IMODE(config.stat().st_mode) == 0o640


def test_a_fix_follows_a_link_and_leaves_it_a_link(tmp_path):
    config = write(tmp_path / "real.json", PIPELINE)
    link = tmp_path / "link.json"
    link.symlink_to(config)
    apply_fix(link, read_document(link), Fix("m", "safe", 0, 1, " ["))
    assert link.is_symlink() and config.read_text().startswith(" [")


def test_a_file_that_has_changed_is_not_fixed(tmp_path):
    config = project(tmp_path)
    document = read_document(config)
    config.write_text("[]")
    with pytest.raises(ConfigError, match="has changed"):
        apply_fix(config, document, Fix("m", "safe", 0, 1, ""))
    assert config.read_text() == "[]"


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("vim", ["vim", "+7", "a.json"]),
        ("nano -w", ["nano", "-w", "+7,3", "a.json"]),
        ("/usr/bin/hx", ["/usr/bin/hx", "a.json:7:3"]),
        ("code", ["code", "--wait", "--goto", "a.json:7:3"]),
        ("code --wait", ["code", "--wait", "--goto", "a.json:7:3"]),
        ("unknown", ["unknown", "a.json"]),
    ],
)
def test_each_editor_is_told_the_place_in_its_own_way(tmp_path, editor, command):
    assert editor_command({"EDITOR": editor}, tmp_path.__class__("a.json"), 7, 3) == command


def test_visual_goes_before_editor(tmp_path):
    assert editor_command({"VISUAL": "a", "EDITOR": "b"}, tmp_path, None)[0] == "a"


def test_settings_are_read_and_damage_is_told(tmp_path):
    file = tmp_path / "config.toml"
    assert load_settings(file).keys == {}
    file.write_text('theme = "nord"\n[keys]\nrun = "f5"\n')
    assert load_settings(file).theme == "nord" and load_settings(file).keys == {"run": "f5"}
    for damaged in ("theme = 3", "[keys]\nrun = 5", "theme = "):
        file.write_text(damaged)
        with pytest.raises(ConfigError):
            load_settings(file)


def test_recent_pipelines_are_kept_newest_first_and_those_gone_are_left_out(tmp_path):
    file = tmp_path / "state" / "recent.json"
    paths = [write(tmp_path / f"{i}.json", PIPELINE) for i in range(3)]
    for path in (*paths, paths[0]):
        remember(path, file)
    assert [r.path.name for r in load_recents(file)] == ["0.json", "2.json", "1.json"]
    os.unlink(paths[2])
    assert [r.path.name for r in load_recents(file)] == ["0.json", "1.json"]
    file.write_text("[1, {}, ")
    assert load_recents(file) == []


def test_configs_are_found_and_other_files_are_not(tmp_path):
    project(tmp_path)
    (tmp_path / "rows.json").write_text('[{"id": 1, "name": "x"}]')
    (tmp_path / "object.json").write_text('{"steps": []}')
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "broken.json", [{"name": "a", "layer": "ingset"}])
    found = [look_at(path) for path in candidates(tmp_path)]
    names = [(found.path.name, found.steps, found.errors > 0) for found in found if found]
    assert names == [("retail.json", 4, False), ("broken.json", 1, True)]


def test_settings_say_how_runs_go_and_stay(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[runs]\nreuse = true\nkeep_last = 20\nolder_than = "30d"\nmax_size = "5GB"\n')
    settings = load_settings(file)
    assert settings.reuse and settings.pruning == Pruning(20, "30d", "5GB")
    file.write_text("")
    assert not load_settings(file).reuse and not load_settings(file).pruning
    for wrong in ("keep_last = true", 'older_than = "soon"', "max_size = 5", "kept_only = 1", "reuse = 1"):
        file.write_text(f"[runs]\n{wrong}\n")
        with pytest.raises(ConfigError, match="`runs`"):
            load_settings(file)


def test_past_runs_are_pruned_as_the_settings_ask_for_and_that_is_told(tmp_path):
    for minute in range(3):
        make_run(tmp_path, "success", minute=minute)
    told = prune_runs(tmp_path, Pruning(keep_last=1))
    assert told is not None and told.startswith("pruned 2 runs")
    assert prune_runs(tmp_path, Pruning(keep_last=1)) is None
    assert len(list(tmp_path.glob("*.json"))) == 1
