"""Raw objects -> steps: fields have the right type, unknown ones are told, names are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from odibi_core.config import codes
from odibi_core.config.document import Gaps
from odibi_core.config.origins import CsvOrigin, JsonOrigin, TableOrigin, edit_at, replacement
from odibi_core.core.node import Step
from odibi_core.diagnostics import Fix
from odibi_core.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from odibi_core.core.node import Origin
    from odibi_core.diagnostics import Diagnostic

TEXT_FIELDS = ("layer", "name", "type", "engine", "value")
DICT_FIELDS = ("params", "inputs", "outputs", "metadata")
FIELDS = frozenset(TEXT_FIELDS + DICT_FIELDS)

# What people write when they have the columns of a table, or another program, in mind.
_ALIASES = {
    "stepname": "name", "step_name": "name", "steptype": "type", "step_type": "type", "id": "name",
    "layers": "layer", "options": "params", "parameters": "params", "config": "params", "query": "value",
    "sql": "value", "path": "value", "source": "value", "target": "value", "depends_on": "inputs",
    "description": "metadata", "comment": "metadata", "tags": "metadata", "owner": "metadata",
}  # fmt: skip
# What stands in one of the free-form fields, and is read past beside them.
_BELONGS = dict.fromkeys(
    ("timeout", "retries", "max_retries", "retry_delay", "isolate", "key", "expect", "odibi"), "metadata"
) | dict.fromkeys(
    ("mode", "format", "table", "connection", "connection_string", "headers", "sep", "encoding", "header",
     "filter", "select", "drop", "rename", "derive", "cast", "fill", "dedupe", "sort", "limit", "operations"),
    "params",
)  # fmt: skip


class StepBuilder:
    """Collects steps and what is wrong with them, one raw object after the other."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.diagnostics: list[Diagnostic] = []
        self.left_out: dict[str, str] = {}
        self.left_out_steps: set[str] = set()
        self.incomplete = False
        self._fields: set[tuple[int, str]] = set()
        self._outputs: set[str] = set()

    @property
    def gaps(self) -> Gaps:
        """What could not be read."""
        return Gaps(
            frozenset(self._fields), frozenset(self._outputs), self.left_out,
            frozenset(self.left_out_steps), self.incomplete,
        )  # fmt: skip

    def leave_out(self, step: Step) -> None:
        """Remembers a step that a filter takes away: what it outputs is left out, not missing."""
        self.left_out.update(dict.fromkeys(step.outputs.values(), step.name))
        self.left_out_steps.add(step.name)

    def spoil(self, index: int, *fields: str) -> None:
        """Marks fields of a step as not what was written; all of them if none are named."""
        self._fields.update((index, field) for field in (fields or FIELDS))

    def hide_outputs(self, keys: Iterable[str]) -> None:
        """Remembers keys that may be outputs of what could not be read."""
        self._outputs.update(keys)

    def add(self, raw: Any, origin: Origin) -> None:
        """Adds a step, or says why it cannot be one."""
        if type(raw) is not dict:
            self._not_an_object(raw, origin)
            return
        get: Any = raw.get
        name, layer, type_, engine, value = (
            get("name"), get("layer"), get("type"), get("engine"), get("value"),
        )  # fmt: skip
        params, inputs, outputs, metadata = (
            get("params"), get("inputs"), get("outputs"), get("metadata"),
        )  # fmt: skip
        right = (
            type(name) is str
            and (layer is None or type(layer) is str)
            and (type_ is None or type(type_) is str)
            and (engine is None or type(engine) is str)
            and (value is None or type(value) is str)
            and (params is None or type(params) is dict)
            and (metadata is None or type(metadata) is dict)
            and (inputs is None or _is_text_map(inputs))
            and (outputs is None or _is_text_map(outputs))
            and raw.keys() <= FIELDS
            and name.strip() != ""
        )
        if not right:
            self._add_slowly(raw, origin)
            return
        self.steps.append(
            Step(
                "transform" if layer is None else layer, name,
                "config_op" if type_ is None else type_, "pandas" if engine is None else engine,
                "" if value is None else value, params, inputs, outputs, metadata, origin=origin,
            )
        )  # fmt: skip

    # -- what is not right ---------------------------------------------------------------------------

    def _not_an_object(self, raw: Any, origin: Origin) -> None:
        help = "a step is written {" + '"name": "…", …}'
        self.diagnostics.append(
            codes.STEP_NOT_OBJECT.found(
                f"a step must be an object, not {type_name(raw)}", span=origin.locate(), help=help
            )
        )
        self._outputs.update(_strings(raw) if isinstance(raw, list) else ())

    def _add_slowly(self, raw: dict[str, Any], origin: Origin) -> None:
        name = raw.get("name")
        known_name = name if isinstance(name, str) and name.strip() else None
        meant = self._unknown_fields(raw, origin, known_name)
        if known_name is None:
            if "name" not in meant:
                self._no_name(raw, origin)
            self._outputs.update(_strings(raw.get("outputs")))
            return
        fields: dict[str, Any] = {}
        for field in TEXT_FIELDS[:1] + TEXT_FIELDS[2:]:
            value = raw.get(field)
            if isinstance(value, str):
                fields[field] = value
            elif value is not None:
                self._wrong_type(field, value, origin, known_name)
        for field in DICT_FIELDS:
            value = raw.get(field)
            if value is None:
                continue
            if not isinstance(value, dict):
                self._wrong_type(field, value, origin, known_name)
            elif field in ("inputs", "outputs"):
                fields[field] = self._text_map(field, value, origin, known_name)
            else:
                fields[field] = value
        self.steps.append(Step(name=known_name, origin=origin, **fields))

    def _no_name(self, raw: dict[str, Any], origin: Origin) -> None:
        name = raw.get("name")
        if isinstance(name, str):
            diagnostic = codes.EMPTY_NAME.found(
                "the name of this step is empty",
                field="name",
                span=origin.locate("name"),
                help="give it a name",
            )
        elif name is not None:
            quoted = _quoted(name)
            diagnostic = codes.WRONG_TYPE.found(
                f"`name` must be text, not {type_name(name)}", field="name", span=origin.locate("name"),
                help=f"write {quoted}" if quoted else "give the step a name",
                fix=rewriting(origin, quoted, "name"),
            )  # fmt: skip
        else:
            diagnostic = codes.MISSING_NAME.found(
                "this step has no `name`", field="name", span=origin.locate("name"),
                help='give it one: "name": "…"',
            )  # fmt: skip
        self.diagnostics.append(diagnostic)

    def _unknown_fields(self, raw: dict[str, Any], origin: Origin, name: str | None) -> set[str]:
        """Tells fields Odibi does not know; returns the fields that were meant by misspelled ones."""
        meant: set[str] = set()
        for field in raw:
            if field in FIELDS:
                continue
            known = misspelled(field, FIELDS - raw.keys() - meant)
            span = origin.locate(field, key=True)
            if known is None:
                alias = _alias(field, raw)
                self.diagnostics.append(
                    codes.UNKNOWN_FIELD.found(
                        f"`{field}` is not a field of a step", step=name, field=field, span=span,
                        suggestion=alias, help=_field_help(field, raw),
                        fix=_moving(origin, field, raw) if alias is None
                        else replacement(origin, alias, field, key=True, safe=False),
                    )
                )  # fmt: skip
                continue
            meant.add(known)
            self.spoil(origin.index, known)
            if known == "outputs":
                self._outputs.update(_strings(raw[field]))
            self.diagnostics.append(
                codes.MISSPELLED_FIELD.found(
                    f"`{field}` is not a field of a step", step=name, field=field, span=span,
                    suggestion=known, help=f"write `{known}`",
                    fix=replacement(origin, known, field, key=True),
                )
            )  # fmt: skip
        return meant

    def _wrong_type(self, field: str, value: Any, origin: Origin, name: str) -> None:
        self.spoil(origin.index, field)
        if field == "outputs":
            self._outputs.update(_strings(value))
            self.incomplete = True
        if field in TEXT_FIELDS:
            wanted = "text"
            written = _quoted(value)
        else:
            wanted = "an object"
            texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
            quoted = [json.dumps(text, ensure_ascii=False) for text in texts if isinstance(text, str)]
            pairs = ", ".join(f"{text}: {text}" for text in quoted)
            written = f"{{{pairs}}}" if pairs and field in ("inputs", "outputs") else None
        self.diagnostics.append(
            codes.WRONG_TYPE.found(
                f"`{field}` must be {wanted}, not {type_name(value)}", step=name, field=field,
                span=origin.locate(field), help=None if written is None else f"write {written}",
                fix=rewriting(origin, written, field, safe=field in TEXT_FIELDS),
            )
        )  # fmt: skip

    def _text_map(self, field: str, value: dict[str, Any], origin: Origin, name: str) -> dict[str, str]:
        texts: dict[str, str] = {}
        what = "an input" if field == "inputs" else "an output"
        for local, key in value.items():
            place = f"{field}.{local}"
            if not isinstance(key, str):
                self.spoil(origin.index, field)
                if field == "outputs":
                    self._outputs.update(_strings(key))
                    self.incomplete = True
                self.diagnostics.append(
                    codes.WRONG_TYPE.found(
                        f"`{place}` must be text, not {type_name(key)}", step=name, field=place,
                        span=origin.locate(field, local), help=f"{what} is the name of a dataset",
                        fix=rewriting(origin, _quoted(key), field, local),
                    )
                )  # fmt: skip
            elif not key.strip() or not local.strip():
                self.spoil(origin.index, field)
                self.incomplete |= field == "outputs"
                self.diagnostics.append(
                    codes.EMPTY_NAME.found(
                        f"{what} has no name", step=name, field=place,
                        span=origin.locate(field, local, key=bool(key.strip())), help="give it a name",
                    )
                )  # fmt: skip
            else:
                texts[local] = key
        return texts


def misspelled(name: str, candidates: frozenset[str] | set[str]) -> str | None:
    """Returns the candidate that `name` is a misspelling of, or None.

    Stricter than `nearest`: at most two slips (one in short names), so that a field of the person's own
    is not taken for one.
    """
    alias = _ALIASES.get(name.casefold())
    if alias in candidates and alias == "name" and name.casefold() != "id":
        return alias
    found = nearest(name, candidates)
    return found if found is not None and is_slip(name, found) else None


def is_slip(written: str, meant: str) -> bool:
    """Whether a word is another one with at most two slips (one in short words), rather than a guess."""
    limit = 1 if len(meant) <= 5 else 2
    return abs(len(written) - len(meant)) <= limit and distance(written.casefold(), meant.casefold()) <= limit


def distance(left: str, right: str) -> int:
    """Returns the number of slips between two words: a letter more, less, other, or two swapped."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i] + [0] * len(right)
        for j, b in enumerate(right, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def type_name(value: Any) -> str:
    """Returns what a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    return "an array" if isinstance(value, list) else "an object"


def _quoted(value: Any) -> str | None:
    """Returns a number as the text it should have been; None for what cannot be one."""
    return json.dumps(str(value)) if type(value) in (int, float) else None


def rewriting(origin: Origin | None, written: str | None, *field: str, safe: bool = True) -> Fix | None:
    """Returns a fix that writes a JSON value in place of a field's."""
    if written is None or not isinstance(origin, JsonOrigin | CsvOrigin | TableOrigin):
        return None
    # In a cell only what is inside its JSON text is JSON.
    if not isinstance(origin, JsonOrigin):
        if len(field) == 1:
            return None
        written = origin.rewritten(written, *field)
    return edit_at(origin.locate(*field), f"write {written}", written, safe=safe)


def _alias(field: str, raw: dict[str, Any]) -> str | None:
    """Returns the field that another program calls by this name, if it is free and takes such a value."""
    alias = _ALIASES.get(field.casefold())
    if alias is None or alias in raw or isinstance(raw[field], str) != (alias in TEXT_FIELDS):
        return None
    return alias if isinstance(raw[field], str | dict) else None


def _moving(origin: Origin, field: str, raw: dict[str, Any]) -> Fix | None:
    """Returns the fix that puts a field into the one it belongs in, where that is not there yet."""
    into = _BELONGS.get(field)
    if into is None or into in raw or not isinstance(origin, JsonOrigin):
        return None
    key, value = origin.locate(field, key=True), origin.locate(field)
    if key.start is None or value.end is None:
        return None
    start = key.start - 1
    member = origin.source.text[start : value.end]
    return Fix(f"put it into `{into}`", "unsafe", start, value.end, f'"{into}": {{{member}}}')


def _field_help(field: str, raw: dict[str, Any]) -> str:
    close = misspelled(field, FIELDS)
    if close is not None and close in raw:
        return f"`{close}` is there already"
    alias = _ALIASES.get(field.casefold())
    if field in _BELONGS:
        return f"it is read past here; it belongs in `{_BELONGS[field]}`"
    if alias == "metadata":
        return "free-form data belongs in `metadata`"
    if alias is not None:
        return f"did you mean `{alias}`"
    return "it is read past; options belong in `params`, free-form data in `metadata`"


def _is_text_map(value: Any) -> bool:
    if type(value) is not dict:
        return False
    for local, key in value.items():
        if type(key) is not str or not key or not local or key.isspace() or local.isspace():
            return False
    return True


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
