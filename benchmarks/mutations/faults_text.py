"""Faults in the text of a config itself, planted after it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from benchmarks.mutations.faults import Mutant, Plant, Spot, fault
from benchmarks.mutations.project import Project

Edit = Callable[[Random, str], tuple[str, int, int] | None]  # the new text, and where it may be told
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _text_fault(name: str, *kinds: str) -> Callable[[Edit], Edit]:
    def register(edit: Edit) -> Edit:
        def plant(rng: Random, project: Project) -> Mutant | None:
            mutant = Mutant(project)
            seed = rng.random()

            def change(text: str) -> str:
                made = edit(Random(seed), text)
                if made is None:
                    return text
                changed, start, end = made
                mutant.spots = [Spot(None, chars=(start, end))]
                return changed

            project.edit_text = change
            return mutant

        made: Plant = plant
        fault("text", name, *(kinds or ("json",)))(made)
        return edit

    return register


def _outside(text: str, pattern: str) -> list[int]:
    """Returns where a pattern stands outside of texts."""
    blank = _STRING.sub(lambda match: "\0" * len(match[0]), text)
    return [match.start() for match in re.finditer(pattern, blank)]


def _without(rng: Random, text: str, places: list[int], reach: int) -> tuple[str, int, int] | None:
    if not places:
        return None
    at = rng.choice(places)
    end = at + reach
    return text[:at] + text[at + 1 :], max(0, at - reach), min(len(text), end)


@_text_fault("JSON: comma missing")
def comma(rng: Random, text: str) -> tuple[str, int, int] | None:
    places = _outside(text, ",")
    if not places:
        return None
    at = rng.choice(places)
    after = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\S)').match(text, at + 1)
    end = (after.end() if after else at + 1) - 1
    return text[:at] + text[at + 1 :], at - 1, end


@_text_fault("JSON: colon missing")
def colon(rng: Random, text: str) -> tuple[str, int, int] | None:
    places = _outside(text, ":")
    at = rng.choice(places)
    # The key before it, or the value after it.
    before = text.rfind('"', 0, at - 1)
    after = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\S)').match(text, at + 1)
    return text[:at] + text[at + 1 :], before, (after.end() if after else at + 1)


@_text_fault("JSON: brace missing")
def brace(rng: Random, text: str) -> tuple[str, int, int] | None:
    places = _outside(text, r"\}")
    at = rng.choice(places)
    # From where the brace was to the end of the next step: what follows may still be a field of this one.
    end = text.find("}", min(len(text), at + 400))
    return text[:at] + text[at + 1 :], at - 1, len(text) if end < 0 else end + 1


@_text_fault("JSON: opening brace missing")
def open_brace(rng: Random, text: str) -> tuple[str, int, int] | None:
    at = rng.choice(_outside(text, r"\{"))
    after = re.compile(r'\s*("(?:[^"\\]|\\.)*"\s*:?|\S)').match(text, at + 1)
    return text[:at] + text[at + 1 :], at - 1, (after.end() if after else at) + 1


@_text_fault("JSON: text cut off")
def cut(rng: Random, text: str) -> tuple[str, int, int] | None:
    at = rng.randrange(len(text) // 2, len(text) - 3)
    made = text[:at].rstrip()
    return made, max(0, made.rfind("\n") if "\n" in made else 0), len(made)


@_text_fault("JSON: closing quote missing")
def quote(rng: Random, text: str) -> tuple[str, int, int] | None:
    match = rng.choice(list(_STRING.finditer(text)))
    at = match.end() - 1
    line_end = text.find("\n", at)
    return text[:at] + text[at + 1 :], match.start(), len(text) if line_end < 0 else line_end + 1


@_text_fault("JSON: single quotes")
def single(rng: Random, text: str) -> tuple[str, int, int] | None:
    match = rng.choice(
        [m for m in _STRING.finditer(text) if "'" not in m[0] and "\\" not in m[0] and len(m[0]) > 2]
    )
    made = "'" + match[0][1:-1] + "'"
    return text[: match.start()] + made + text[match.end() :], match.start(), match.end()


@_text_fault("JSON: comma too many at the end")
def trailing(rng: Random, text: str) -> tuple[str, int, int] | None:
    at = rng.choice(_outside(text, r"[}\]]"))
    if text[:at].rstrip()[-1] in "{[":
        return None
    return text[:at] + "," + text[at:], at, at + 1


@_text_fault("JSON: comment")
def comment(rng: Random, text: str) -> tuple[str, int, int] | None:
    at = rng.choice(_outside(text, r"[,{]")) + 1
    made = rng.choice(["/* see the wiki */", "// see the wiki\n", "# see the wiki\n"])
    return text[:at] + made + text[at:], at, at + len(made)


@_text_fault("JSON: NaN")
def nan(rng: Random, text: str) -> tuple[str, int, int] | None:
    at = rng.choice(_outside(text, r"\{(?=\s*\0)"))
    made = ' "metadata_number": ' if text[at + 1 :].lstrip().startswith('"layer"') else ' "limit_to": '
    word = rng.choice(["NaN", "Infinity", "-Infinity"])
    start = at + 1 + len(made)
    return text[: at + 1] + made + word + "," + text[at + 1 :], start, start + len(word)


@_text_fault("JSON: Python's words")
def words(rng: Random, text: str) -> tuple[str, int, int] | None:
    at = rng.choice(_outside(text, r"\{(?=\s*\0)"))
    word = rng.choice(["True", "None", "False"])
    made = ' "whether": '
    start = at + 1 + len(made)
    return text[: at + 1] + made + word + "," + text[at + 1 :], start, start + len(word)


@_text_fault("JSON: key twice")
def twice(rng: Random, text: str) -> tuple[str, int, int] | None:
    places = list(re.finditer(r'"(name|layer|value|type)": ("(?:[^"\\]|\\.)*")', text))
    match = rng.choice(places)
    made = f'{match[0]}, "{match[1]}": "again"'
    start = match.end() + 2
    return text[: match.start()] + made + text[match.end() :], start, start + len(match[1]) + 2


@_text_fault("JSON: wrong escape")
def escape(rng: Random, text: str) -> tuple[str, int, int] | None:
    match = rng.choice([m for m in _STRING.finditer(text) if len(m[0]) > 4 and "\\" not in m[0]])
    at = match.start() + 2
    return text[:at] + "\\q" + text[at:], at, at + 2


@_text_fault("JSON: line break in a text")
def line_break(rng: Random, text: str) -> tuple[str, int, int] | None:
    match = rng.choice([m for m in _STRING.finditer(text) if " " in m[0] and "\\" not in m[0]] or [None])
    if match is None:
        return None
    at = text.index(" ", match.start())
    return text[:at] + "\n" + text[at + 1 :], at, at + 1


@_text_fault("JSON: half a character")
def half(rng: Random, text: str) -> tuple[str, int, int] | None:
    match = rng.choice([m for m in _STRING.finditer(text) if len(m[0]) > 4 and "\\" not in m[0]])
    at = match.start() + 2
    return text[:at] + "\\ud83d" + text[at:], at, at + 6


@_text_fault("JSON: something after the end")
def after(rng: Random, text: str) -> tuple[str, int, int] | None:
    made = rng.choice(["]", "}", "x", ",", "[]"])
    start = len(text.rstrip())
    return text.rstrip() + made + "\n", start, start + len(made)


@_text_fault("CSV: quotes of a cell not closed", "csv")
def cell_quote(rng: Random, text: str) -> tuple[str, int, int] | None:
    lines = text.split("\n")
    ends = [m.start() for m in re.finditer(r'\}"(?=[,\n])', text)]
    if not ends or len(lines) < 3:
        return None
    at = rng.choice(ends) + 1
    return text[:at] + text[at + 1 :], text.rfind("\n", 0, at) + 1, len(text) - 1


@_text_fault("CSV: cell with commas not quoted", "csv")
def cell_commas(rng: Random, text: str) -> tuple[str, int, int] | None:
    found = [m for m in re.finditer(r'"\{(?:[^"\n]|"")*\}"', text) if "," in m[0]]
    if not found:
        return None
    match = rng.choice(found)
    made = match[0][1:-1].replace('""', '"')
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return text[: match.start()] + made + text[match.end() :], start, end


@_text_fault("CSV: column of the header misspelled", "csv")
def header(rng: Random, text: str) -> tuple[str, int, int] | None:
    name = rng.choice(["Inputs", "Outputs", "Engine", "Params", "StepType", "StepName", "Layer"])
    at = text.index(name)
    made = name[:2] + name[3] + name[2] + name[4:]
    return text[:at] + made + text[at + len(name) :], at, at + len(made)
