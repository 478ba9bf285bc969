"""How the format of a source is found, and the files that a source names."""

from pathlib import Path

import pytest

from odibi_core.errors import FormatError, SourceNotFoundError
from odibi_core.formats import database_kind, find_files, find_format, format_names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a.csv", "csv"),
        ("A.CSV", "csv"),
        ("a.csv.gz", "csv"),
        ("a.Csv.ZST", "csv"),
        ("a.tsv.bz2", "tsv"),
        ("dir.v1/a.json", "json"),
        ("a.ndjson.xz", "jsonl"),
        ("a.pq", "parquet"),
        ("a.avro", "avro"),
        ("a.xlsm", "excel"),
        ("https://host/data/a.csv.gz?token=1", "csv"),
        ("part_*.parquet", "parquet"),
        (Path("x") / "b.jsonl", "jsonl"),
    ],
)
def test_a_format_is_found_by_suffix_in_any_case(source, name):
    assert find_format(source).name == name


@pytest.mark.parametrize(
    ("given", "name"), [("CSV", "csv"), (" ndjson", "jsonl"), (".xlsx", "excel"), ("pq", "parquet")]
)
def test_a_format_is_found_by_name_whatever_the_suffix(given, name):
    assert find_format("data.bin", given).name == name


def test_an_unknown_format_names_the_known_ones_and_the_nearest():
    with pytest.raises(FormatError) as caught:
        find_format("a.csv", "parqet")
    assert all(f"`{name}`" in str(caught.value) for name in format_names())
    assert str(caught.value).endswith("did you mean `parquet`")


def test_an_unknown_suffix_names_the_known_ones_and_the_nearest():
    with pytest.raises(
        FormatError, match=r"no format has the suffix `\.cvs`; known are `\.csv`.*did you mean `\.csv`"
    ):
        find_format("a.cvs")
    with pytest.raises(FormatError, match="has no suffix to know its format by"):
        find_format("README")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("a.db", "sqlite"),
        ("A.SQLITE3", "sqlite"),
        ("a.duckdb", "duckdb"),
        ("postgresql://u:p@h/d", "sql"),
        ("https://h/a.csv", None),
        ("a.csv", None),
    ],
)
def test_databases_are_told_from_files(source, kind):
    assert database_kind(source) == kind


def files(source, directory, name="csv"):
    found = find_files(source, find_format("x", name), lambda path: directory / path)
    return [Path(file.path).relative_to(directory).as_posix() for file in found]


def test_patterns_reach_into_directories_and_leave_hidden_files_out(tmp_path):
    for name in ("a.csv", "sub/b.csv", "sub/deep/c.csv", ".a.tmp.csv", "sub/x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("n\n1\n")
    assert files("*.csv", tmp_path) == ["a.csv"]
    assert files("**/*.csv", tmp_path) == ["a.csv", "sub/b.csv", "sub/deep/c.csv"]
    assert files("sub", tmp_path) == ["sub/b.csv", "sub/deep/c.csv"]


def test_a_directory_without_such_files_says_so(tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises(FormatError, match="is a directory without csv files"):
        files("d", tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("order.csv", r"`order\.csv` does not exist; `orders\.csv` is there"),
        ("ORDERS.CSV", r"`orders\.csv` is there"),
        ("zzz/x.csv", r"the directory .* does not exist either"),
        ("orders.csv/x.csv", "does not exist"),
    ],
)
def test_a_missing_file_is_told_with_the_nearest(tmp_path, source, message):
    (tmp_path / "orders.csv").write_text("n\n")
    with pytest.raises(SourceNotFoundError, match=message) as caught:
        files(source, tmp_path)
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("source", ["", "  ", "a\0b.csv", "x" * 5_000 + ".csv"])
def test_what_is_no_path_is_an_error_of_ours(tmp_path, source):
    with pytest.raises(FormatError):
        files(source, tmp_path)


def test_terminal_escapes_in_a_name_do_not_reach_the_message(tmp_path):
    with pytest.raises(SourceNotFoundError) as caught:
        files("\x1b[31mred.csv", tmp_path)
    assert "\x1b" not in str(caught.value)
