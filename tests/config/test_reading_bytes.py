"""Files as they come: encodings, junk, directories, odd names; and documents that travel."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest

from odibi_core.config import read_document
from odibi_core.errors import ConfigFormatError, ConfigNotFoundError

CONFIG = '[\n  {"name": "größe", "value": "a.csv"},\n  {"name": "b"}\n]'


def write(tmp_path: Path, data: bytes, name: str = "x.json") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigNotFoundError, match="Config source not found"):
        read_document(tmp_path / "gone.json")
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "gone.db")


def test_an_unknown_suffix_names_it_and_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigFormatError, match=r"`\.toml`.*\.json, \.db, \.sqlite, \.sqlite3, \.csv"):
        read_document(write(tmp_path, b"", "x.toml"))
    with pytest.raises(ConfigFormatError, match="no suffix"):
        read_document(write(tmp_path, b"", "pipeline"))


def test_a_suffix_counts_in_any_case(tmp_path: Path) -> None:
    assert len(read_document(write(tmp_path, CONFIG.encode(), "X.JSON")).steps) == 2


@pytest.mark.parametrize("name", ["x.json", "x.db", "x.csv", "configs"])
def test_a_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ConfigFormatError, match="is a directory"):
        read_document(tmp_path / name)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(ConfigFormatError, match="not a regular file"):
        read_document(tmp_path / "x.json")


def test_a_name_with_a_null_character_or_too_long() -> None:
    with pytest.raises(ConfigFormatError):
        read_document("a\0b.json")
    with pytest.raises(ConfigFormatError):
        read_document("x" * 5000 + ".json")


def test_a_file_as_the_parent_of_the_source(tmp_path: Path) -> None:
    write(tmp_path, b"", "file")
    with pytest.raises(ConfigNotFoundError):
        read_document(tmp_path / "file" / "x.json")


def test_a_byte_order_mark_is_told_and_the_columns_are_those_an_editor_shows(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, b"\xef\xbb\xbf" + b'[{"name": "a", "name": "a"}]'))
    mark, twice = document.diagnostics
    assert (mark.code, mark.fix and mark.fix.end) == ("ODB104", 1)
    assert twice.span is not None
    assert (twice.span.line, twice.span.column, twice.span.start) == (1, 16, 16)
    assert [step.name for step in document.steps] == ["a"]


def test_latin1_is_told_at_its_first_byte_and_read_as_what_it_is(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, CONFIG.encode("latin-1")))
    (found,) = document.diagnostics
    assert found.code == "ODB103"
    assert found.span is not None
    assert (found.span.line, found.span.column) == (2, 15)
    assert found.message == "the byte 0xF6 is not UTF-8, and 1 more"
    assert [step.name for step in document.steps] == ["größe", "b"]


def test_latin1_bytes_behind_utf8_characters_keep_their_places(tmp_path: Path) -> None:
    data = '[{"name": "größe"},\n {"name": "'.encode() + b"\xe9" + b'"}]'
    (found,) = read_document(write(tmp_path, data)).diagnostics
    assert found.span is not None
    assert (found.span.line, found.span.column) == (2, 12)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_told_and_read(tmp_path: Path, encoding: str) -> None:
    document = read_document(write(tmp_path, CONFIG.encode(encoding)))
    assert [found.code for found in document.diagnostics if found.code != "ODB104"] == ["ODB103"]
    assert [step.name for step in document.steps] == ["größe", "b"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"SQLite format 3\x00" + bytes(100), "a SQLite database"),
        (b"PAR1\x00\x01", "a Parquet file"),
        (b"\x9c\xf3\x07" + bytes(1000), "binary data"),
        (bytes(range(256)) * 10, "binary data"),
    ],
    ids=["sqlite", "parquet", "zeros", "every byte"],
)
def test_binary_data_is_told_in_one_diagnostic(tmp_path: Path, data: bytes, what: str) -> None:
    for name in ("x.json", "x.csv"):
        document = read_document(write(tmp_path, data, name))
        (found,) = document.diagnostics
        assert found.code == "ODB102"
        assert what in found.message
        assert document.text is None
        assert not document.parsed


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = CONFIG.encode()
    assert read_document(write(tmp_path, data)).digest == hashlib.sha256(data).hexdigest()


def test_a_document_travels_with_its_steps_and_places(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, CONFIG.encode()))
    copy = pickle.loads(pickle.dumps(document))
    assert copy.steps == document.steps
    assert copy.steps[1].origin.locate("name") == document.steps[1].origin.locate("name")  # type: ignore[union-attr]
    assert copy.steps[1].origin.index == 1


def test_text_given_is_read_instead_of_the_file(tmp_path: Path) -> None:
    document = read_document(tmp_path / "unsaved.json", text='[{"name": "new"}]')
    assert [step.name for step in document.steps] == ["new"]


def test_steps_have_the_defaults_of_step_and_null_is_not_given() -> None:
    raw = [
        {"name": "a"},
        {"name": "b", "layer": None, "type": None, "engine": None, "value": None, "params": None,
         "inputs": None, "outputs": None, "metadata": None},
    ]  # fmt: skip
    for step in read_document("x.json", text=json.dumps(raw)).steps:
        assert (step.layer, step.type, step.engine, step.value) == ("transform", "config_op", "pandas", "")
        assert (step.params, step.inputs, step.outputs, step.metadata) == ({}, {}, {}, {})


def test_terminal_escapes_in_names_are_kept_as_data(tmp_path: Path) -> None:
    text = json.dumps([{"name": "\x1b[31m[bold]red"}])
    (step,) = read_document("x.json", text=text).steps
    assert step.name == "\x1b[31m[bold]red"
