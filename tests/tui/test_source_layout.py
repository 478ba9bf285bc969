"""Where lines, wrapped pieces and notes stand."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from odibi_tui.widgets.json_tones import json_marks, toned
from odibi_tui.widgets.source_layout import Note, SourceLayout, column_in, displayed, split_lines, wrapped

lines_of_text = st.lists(
    st.text(alphabet='ab \té漢\x1b{}",:1', max_size=40).map(displayed), min_size=1, max_size=12
)


@given(lines_of_text, st.integers(2, 30), st.data())
def test_every_row_has_one_place_and_every_place_its_row(lines, width, data):
    notes = data.draw(
        st.lists(
            st.builds(Note, st.integers(0, len(lines) - 1), st.integers(0, 45), st.integers(1, 4)), max_size=4
        )
    )
    layout = SourceLayout(lines, width, notes)
    places = [layout.at(row) for row in range(layout.total)]
    told = {}
    for row, place in enumerate(places):
        if place.note is None:
            told[place.line] = told.get(place.line, "") + lines[place.line][slice(*place.piece)]
            assert layout.row_of(place.line, place.piece[0]) == row or place.piece[0] == place.piece[1]
        elif place.note_row == 0:
            assert layout.row_of_note(place.note) == row
    assert [told[i] for i in range(len(lines))] == lines
    assert sum(1 for place in places if place.note is not None) == sum(note.height for note in notes)


@given(st.text(alphabet="ab漢é", max_size=60), st.integers(2, 20))
def test_no_piece_is_wider_than_the_screen(line, width):
    pieces = wrapped(line, width)
    assert "".join(line[start:end] for start, end in pieces) == line
    assert all(cell_len(line[start:end]) <= width for start, end in pieces)


def test_a_note_follows_the_piece_its_character_is_in():
    layout = SourceLayout(["x" * 25, "y"], 10, [Note(0, 12, 1)])
    assert [(p.line, p.piece, p.note) for p in map(layout.at, range(layout.total))] == [
        (0, (0, 10), None), (0, (10, 20), None), (0, (10, 20), 0), (0, (20, 25), None), (1, (0, 1), None),
    ]  # fmt: skip


def test_control_characters_are_shown_and_columns_still_count():
    assert split_lines('{"a":\t"\x1b[31m"}\r\n') == ['{"a":    "␛[31m"}']
    assert column_in('\t\t"x"', 3) == 8
    assert split_lines("a\u202eb") == ["a�b"]


@given(st.text(max_size=60))
def test_the_tones_of_a_line_lose_no_character(line):
    shown = displayed(line.replace("\n", ""))
    parts = toned(shown, (0, len(shown)), json_marks(shown), [(2, 5, "underline error")])
    assert "".join(text for text, _ in parts) == shown


def test_fields_and_values_have_tones_of_their_own():
    tones = dict(toned('"a": "b", 1', (0, 11), json_marks('"a": "b", 1')))
    assert tones['"a"'] == "field" and tones['"b"'] == "string" and tones["1"] == "number"
