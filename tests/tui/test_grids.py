"""Grids: sorting and filtering change what is shown, never what is there."""

import pyarrow as pa

from odibi_tui.widgets.grids import ArrowGrid, TextGrid


def column(grid, index):
    return [grid.cell(row, index).plain for row in range(grid.row_count)]


TABLE = pa.table({"n": [3, None, 1, 20], "word": ["pear", "Apple", None, "fig"], "l": [[2], [1], None, [3]]})


def test_sorting_goes_up_then_down_then_back_with_nulls_last():
    grid = ArrowGrid(TABLE)
    seen = []
    for _ in range(3):
        grid.sort(0)
        seen.append((column(grid, 0), grid.sorted_by))
    assert seen == [
        (["1", "3", "20", "null"], (0, False)),
        (["20", "3", "1", "null"], (0, True)),
        (["3", "null", "1", "20"], None),
    ]


def test_a_column_of_lists_sorts_by_its_text():
    grid = ArrowGrid(TABLE)
    grid.sort(2)
    assert column(grid, 2) == ["[1]", "[2]", "[3]", "null"]


def test_the_filter_looks_in_every_column_whatever_the_case():
    grid = ArrowGrid(TABLE)
    grid.filter("APPLE")
    assert column(grid, 1) == ["Apple"]
    grid.filter("20")
    assert column(grid, 1) == ["fig"]
    grid.filter("")
    assert grid.row_count == 4


def test_filter_and_sorting_go_together():
    grid = ArrowGrid(TABLE)
    grid.filter("p")
    grid.sort(1)
    assert column(grid, 1) == ["Apple", "pear"]
    assert grid.total == 4


def test_numbers_stand_right_and_text_left():
    grid = ArrowGrid(TABLE)
    assert grid.cell(0, 0).justify == grid.label(0).justify == "right"
    assert grid.cell(0, 1).justify == "left"


def test_null_has_its_own_look():
    grid = ArrowGrid(pa.table({"t": [None, "null"]}))
    assert grid.cell(0, 0).plain == "null"
    assert grid.cell(0, 0).style == "dim italic"
    assert grid.cell(1, 0).plain == '"null"'


def test_of_a_wide_table_only_columns_in_sight_are_made_to_text():
    grid = ArrowGrid(pa.table({f"c{i}": range(1000) for i in range(500)}))
    grid.cell(5, 7)
    assert list(grid._texts) == [7]


def test_two_columns_of_one_name_are_told_apart():
    grid = ArrowGrid(pa.table([[1], [2]], names=["a", "a"]))
    assert (grid.cell(0, 0).plain, grid.cell(0, 1).plain) == ("1", "2")


def test_the_value_is_the_whole_value_of_the_row_shown():
    grid = ArrowGrid(pa.table({"n": [2, 1], "t": ["b\nb", "x" * 5000]}))
    grid.sort(0)
    assert grid.value(0, 1) == "x" * 5000
    assert grid.value(1, 1) == "b\nb"


def test_texts_that_are_numbers_sort_as_numbers():
    grid = TextGrid(["n"], [["1,000"], ["–"], ["20"], ["3"]])
    grid.sort(0)
    assert column(grid, 0) == ["3", "20", "1,000", "–"]
