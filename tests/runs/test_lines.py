"""Text and bytes into log lines."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from odibi_core.runs.lines import MAX_LINE, ByteLines, LineBuffer


def lines_of(*pieces: str) -> list[str]:
    buffer = LineBuffer()
    lines = [line for piece in pieces for line in buffer.feed(piece)]
    return lines + buffer.close()


def test_lines_come_when_they_are_whole():
    buffer = LineBuffer()
    assert buffer.feed("one\ntw") == ["one"]
    assert buffer.feed("o") == []
    assert buffer.feed("\n\nthree") == ["two", ""]
    assert buffer.close() == ["three"]
    assert buffer.close() == []


def test_a_carriage_return_before_a_newline_is_part_of_it_wherever_the_text_is_cut():
    for at in range(len("one\r\ntwo\r\n") + 1):
        text = "one\r\ntwo\r\n"
        assert lines_of(text[:at], text[at:]) == ["one", "two"]


def test_a_progress_bar_is_a_line_a_tick():
    assert lines_of("\r 10%", "\r 20%", "\r 30%\n") == [" 10%", " 20%", " 30%"]


@given(st.lists(st.text(alphabet="ab\r\n", max_size=6), max_size=8))
@example(["\r\r", "\n"])
def test_how_the_text_is_cut_makes_no_difference(pieces: list[str]):
    assert lines_of(*pieces) == lines_of("".join(pieces))


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=5
    )
)
def test_whole_lines_come_back_as_they_were(lines: list[str]):
    assert lines_of("".join(line + "\n" for line in lines)) == lines


def test_an_endless_line_comes_in_pieces_and_is_never_held_as_a_whole():
    buffer = LineBuffer()
    pieces, held = [], 0
    for _ in range(100):
        pieces += buffer.feed("x" * 10_000)
        held = max(held, len(buffer))
    pieces += buffer.close()
    assert held <= 2 * MAX_LINE + 10_000
    assert max(map(len, pieces)) <= MAX_LINE
    assert sum(map(len, pieces)) == 1_000_000


def test_a_secret_across_the_cut_of_a_long_line_is_masked():
    def mask(text: str) -> str:
        return text.replace("SECRET", "***")

    text = "x" * (MAX_LINE - 3) + "SECRET" + "y" * (2 * MAX_LINE)
    for pieces in ([text, "\n"], [text + "\n"]):
        buffer = LineBuffer(mask)
        lines = [line for piece in pieces for line in buffer.feed(piece)] + buffer.close()
        assert "SECRET" not in "".join(lines)
        assert all("SEC" not in line and "RET" not in line for line in lines)


def test_bytes_that_are_not_utf_8_are_replaced_and_characters_may_be_cut():
    lines = ByteLines()
    encoded = "grün €\n".encode()
    got = [line for byte in encoded for line in lines.feed(bytes([byte]))]
    assert got == ["grün €"]
    assert lines.feed(b"a\xff\xfeb\n") == ["a\ufffd\ufffdb"]
    assert lines.feed(b"\xe2\x82") == []
    assert lines.close() == ["\ufffd"]
