"""Rewritten: what is replaced in a text, and where everything stood before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from odibi_core.checks.sql.rewriting import Edit, Rewritten


def test_what_is_not_replaced_is_found_where_it_stood() -> None:
    rewritten = Rewritten("a ${x} é ${yy} z", (Edit(2, 6, "123456"), Edit(9, 14, "")))
    assert rewritten.text == "a 123456 é  z"
    assert rewritten.back(9, 10) == (7, 8)
    assert rewritten.back(12, 13) == (15, 16)
    assert not rewritten.touches(9, 10)


def test_a_place_in_what_was_put_in_is_the_whole_of_what_was_there() -> None:
    rewritten = Rewritten("a ${x} b", (Edit(2, 6, "123456"),))
    assert rewritten.back(4, 5) == (2, 6)
    assert rewritten.back(0, 4) == (0, 6)
    assert rewritten.back(7, 10) == (2, 8)
    assert rewritten.touches(4, 5)


def test_an_edit_takes_the_place_of_those_it_covers() -> None:
    rewritten = Rewritten("abcdef", (Edit(1, 2, "X"),)).with_edit(1, 3, "YY").with_edit(5, 6, "Z")
    assert rewritten.text == "aYYdeZ"


@st.composite
def rewritten(draw: st.DrawFn) -> Rewritten:
    original = draw(st.text("abcé😀", min_size=1, max_size=30))
    cuts = sorted(draw(st.lists(st.integers(0, len(original)), max_size=8, unique=True)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return Rewritten(original, tuple(Edit(a, b, draw(st.text("XYZ", max_size=6))) for a, b in pairs))


@given(rewritten())
def test_every_character_that_stayed_is_found_again(text: Rewritten) -> None:
    kept = [True] * len(text.original)
    for edit in text.edits:
        kept[edit.start : edit.end] = [False] * (edit.end - edit.start)
    at = 0
    for index, stays in enumerate(kept):
        for edit in text.edits:
            if edit.start == index:
                at += len(edit.text)
        if stays:
            assert text.text[at] == text.original[index]
            assert text.back(at, at + 1) == (index, index + 1)
            at += 1


@given(rewritten(), st.integers(0, 60), st.integers(1, 10))
def test_a_place_is_always_within_what_was_there(text: Rewritten, start: int, length: int) -> None:
    if start + length > len(text.text):
        return
    first, last = text.back(start, start + length)
    assert 0 <= first <= last <= len(text.original)
