"""What a fault is: a kind, what it does to a pipeline, and where it has to be found."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from benchmarks.mutations.project import Made, Project


@dataclass(frozen=True)
class Spot:
    """A place where a fault may rightly be told.

    Attributes:
        step: The step's name; None for the text as a whole.
        path: The field, and what is below it; empty for the step as a whole.
        start: First character, in the field's text; None for all of the field.
        end: The one after the last.
        key: The key of the field rather than its value.
        chars: Instead of all this, characters of the config's text.
    """

    step: str | None
    path: tuple[str | int, ...] = ()
    start: int | None = None
    end: int | None = None
    key: bool = False
    chars: tuple[int, int] | None = None


@dataclass
class Mutant:
    """A pipeline with a fault.

    Attributes:
        project: The pipeline.
        spots: Where the fault may be told; with `follows` also in the steps that fail.
        follows: The fault shows in steps that read what the changed one puts out.
        name: With `follows`, what has to stand at the place told, in quotes or not.
        warning: It does not fail the run as such; a warning is what is expected.
        note: What was changed, for a person.
    """

    project: Project
    spots: list[Spot] = field(default_factory=list)
    follows: bool = False
    name: str | None = None
    warning: bool = False
    note: str = ""


Plant = Callable[[Random, Project], Mutant | None]


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        family: text, shape, graph, sql, operations, functions, files, targets, world, harmless.
        name: What is done.
        plant: Does it to a copy of a pipeline; None where the pipeline has no place for it.
        kinds: The kinds of configs it is for.
    """

    family: str
    name: str
    plant: Plant
    kinds: tuple[str, ...] = ("json", "csv", "sqlite")


FAULTS: list[Fault] = []


def fault(family: str, name: str, *kinds: str) -> Callable[[Plant], Plant]:
    """Registers a kind of fault."""

    def register(plant: Plant) -> Plant:
        FAULTS.append(Fault(family, name, plant, kinds or ("json", "csv", "sqlite")))
        return plant

    return register


def misspelled(rng: Random, name: str, taken: Iterable[str] = ()) -> str:
    """Returns a name with one or two letters wrong, which is none of those taken."""
    folded = {other.casefold() for other in taken} | {name.casefold()}
    for _ in range(200):
        position = rng.randrange(len(name))
        # What is not a letter may mean something: quotes, dots, the suffix of a file.
        if not name[position].isalpha():
            continue
        way = rng.randrange(4)
        if way == 0 and position + 1 < len(name) and name[position + 1].isalpha():
            made = name[:position] + name[position + 1] + name[position] + name[position + 2 :]
        elif way == 1 and len(name) > 2:
            made = name[:position] + name[position + 1 :]
        elif way == 2:
            made = name[:position] + rng.choice(string.ascii_lowercase) + name[position:]
        else:
            made = name[:position] + rng.choice(string.ascii_lowercase) + name[position + 1 :]
        if made.casefold() not in folded and made:
            return made
    return name + "x"


def pick(rng: Random, steps: Iterable[Made]) -> Made | None:
    """Returns one of the steps, or None."""
    listed = list(steps)
    return rng.choice(listed) if listed else None


def with_field(project: Project, name: str) -> list[Made]:
    """Returns the steps that say something in a field."""
    return [made for made in project.steps if made.fields.get(name)]


def rename_key(fields: dict[str, object], old: str, new: str) -> None:
    """Renames a key and leaves it where it stands."""
    items = [(new if key == old else key, value) for key, value in fields.items()]
    fields.clear()
    fields.update(items)
