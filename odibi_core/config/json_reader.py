"""A JSON reader that goes on past mistakes: says the place and what was expected, and keeps the rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from odibi_core.config import codes
from odibi_core.config.json_scalars import read_number, read_quoted, read_string, read_unopened, read_word
from odibi_core.config.json_tree import Damage, Edit, Node, Problem, ReadingStoppedError

if TYPE_CHECKING:
    from odibi_core.diagnostics import CodeInfo

MAX_DEPTH = 100
MAX_PROBLEMS = 100

_SPACE = re.compile(r"[ \t\n\r]*")
_ODD_SPACE = re.compile(r"[\s\ufeff\u200b]+")
_COMMENT = re.compile(r"//[^\n]*|#[^\n]*|--\s[^\n]*|/\*.*?\*/", re.DOTALL)
_CODE = re.compile(r'["{}\[\]]')
_KEY_WORD = re.compile(r"[^\W\d][\w$-]*")
_JUNK = re.compile(r'[^,\[\]{}":\n]+')
_ASSIGN = re.compile(r"=>?|:=|[;：]")
_MORE_COLONS = re.compile(r"(?:\s*:)+")
_CLOSES_OBJECT = re.compile(r'\s*(?:\}|,\s*"(?:[^"\\\n]|\\.)*"\s*:|,\s*\{)')
_CLOSERS = re.compile(r"(?:\}\s*)+")
_STARTS = "\"'{[-0123456789"
_MEMBER = re.compile(r'\s*"(?:[^"\\\n]|\\.)*"\s*:')
_TEXT_FIELDS = frozenset({"layer", "name", "type", "engine", "value"})


class JsonReader:
    """Reads values from `text`, one after the other.

    Attributes:
        text: The text.
        pos: Where the next character to read stands.
        damage: What has been found wrong so far.
        path: Keys and indexes down to where the reader is.
        last_end: Where the last token ended; what is missing is missing there.
    """

    def __init__(self, text: str, pos: int = 0) -> None:
        self.text = text
        self.pos = pos
        self.damage = Damage()
        self.path: list[str | int] = []
        self._told_at = -1
        self._open_brackets: list[str] = []
        self.last_end = pos

    # -- telling ---------------------------------------------------------------------------------

    def report(
        self,
        info: CodeInfo,
        message: str,
        start: int,
        end: int,
        *,
        help: str | None = None,
        edit: Edit | None = None,
        opened: int | None = None,
        first: tuple[int, int] | None = None,
        syntax: bool = True,
    ) -> None:
        """Notes a problem."""
        self.damage.syntax |= syntax
        self.damage.problems.append(
            Problem(info, message, start, end, tuple(self.path), help, edit, opened, first)
        )
        if len(self.damage.problems) >= MAX_PROBLEMS:
            raise ReadingStoppedError

    def expected(
        self, what: str, *, edit: Edit | None = None, opened: int | None = None, help: str | None = None
    ) -> None:
        """Notes that something else was expected here; once a place."""
        if self._told_at == self.pos:
            return
        self._told_at = self.pos
        found = self.text[self.pos : self.pos + 1]
        if not found:
            self.report(
                codes.SYNTAX, f"expected {what}, but the text ends", self.last_end, self.last_end,
                help=help, edit=edit, opened=opened,
            )  # fmt: skip
            return
        shown = {"`": "a backtick"}.get(found, f"`{found}`" if found.isprintable() else repr(found))
        self.report(
            codes.SYNTAX, f"expected {what}, found {shown}", self.pos, self.pos + 1,
            help=help, edit=edit, opened=opened,
        )  # fmt: skip

    # -- moving ----------------------------------------------------------------------------------

    def skip(self) -> str:
        """Goes past spaces and comments; returns the next character, empty at the end."""
        text = self.text
        while True:
            match = _SPACE.match(text, self.pos)
            if match is not None:
                self.pos = match.end()
            char = text[self.pos : self.pos + 1]
            if char in ("/", "#", "-"):
                comment = _COMMENT.match(text, self.pos)
                if comment is not None:
                    self._comment(*comment.span())
                    continue
                if text.startswith("/*", self.pos):
                    self._comment(self.pos, len(text))
                    continue
            odd = _ODD_SPACE.match(text, self.pos) if char > "\x7f" or char in ("\x0b", "\x0c") else None
            if odd is None:
                return char
            self.report(
                codes.SYNTAX, "a space that JSON does not have", *odd.span(),
                help="write an ordinary space", edit=Edit("replace with a space", *odd.span(), " "),
            )  # fmt: skip
            self.pos = odd.end()

    def _comment(self, start: int, end: int) -> None:
        last = len(self.text[start:end].rstrip()) + start
        # One that swallows the end of the text may have what belongs to the config in it.
        safe = bool(self.text[end:].strip()) or _CODE.search(self.text, start, last) is None
        self.report(
            codes.COMMENT, "a comment, which JSON does not have", start, last,
            edit=Edit("remove the comment", start, last, "", safe=safe),
        )  # fmt: skip
        self.pos = end

    def junk(self, what: str) -> None:
        """Notes characters that belong nowhere and goes past them."""
        self.expected(what)
        match = _JUNK.match(self.text, self.pos)
        self.pos = match.end() if match else min(self.pos + 1, len(self.text))

    # -- values ----------------------------------------------------------------------------------

    def value(self, depth: int = 0) -> Node:
        """Reads the value that starts at the next character that is not space."""
        char = self.skip()
        if char == '"':
            node = read_string(self)
        elif char == "{":
            node = self._object(depth)
        elif char == "[":
            node = self._array(depth)
        elif char in ("'", "`", "“", "”", "‘", "’"):
            node = read_quoted(self)
        elif char and char in "-+.0123456789":
            node = read_number(self)
        elif char and (char.isalpha() or char in "_$"):
            node = read_word(self)
        else:
            self.expected("a value")
            node = Node("missing", self.pos, self.pos)
            if char and char not in ",]}:":
                self.junk("a value")
            return node
        self.last_end = node.end
        return node

    def _open(self, kind: str, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            self.path.clear()  # a path this long helps nobody
            self.report(
                codes.TOO_DEEP, f"brackets are nested more than {MAX_DEPTH} deep", self.pos, self.pos + 1,
                help="the text after it is not read",
            )  # fmt: skip
            raise ReadingStoppedError
        node = Node(kind, self.pos)
        self._open_brackets.append(kind)
        self.pos += 1
        self.last_end = self.pos
        return node

    def _close(self, node: Node, *, taken: bool) -> Node:
        self._open_brackets.pop()
        self.pos += taken
        node.end = self.pos if taken else self.last_end
        self.last_end = node.end
        return node

    def is_member(self) -> bool:
        """Whether a key and its colon come next, which only an object can hold."""
        return _MEMBER.match(self.text, self.pos) is not None

    def object_without_brace(self, depth: int) -> Node:
        """Reads the members of an object whose opening brace is missing."""
        at = self.pos
        self.expected("`{`", edit=Edit("insert a brace", at, at, "{"))
        self.pos -= 1  # as if it stood there
        node = self._object(depth)
        node.start = at
        self.last_end = node.end
        return node

    def _object(self, depth: int) -> Node:
        node = self._open("object", depth)
        seen: dict[str, Node] = {}
        comma = -1
        while True:
            char = self.skip()
            if char == "}":
                if comma >= 0:
                    self.trailing_comma(comma)
                return self._close(node, taken=True)
            if char == "":
                self.expected("`}`", opened=node.start)
                return self._close(node, taken=False)
            if char == "]":
                return self._wrong_closer(node, "}", taken=self._is_for_object())
            if char in "{[":
                edit = Edit("close the object", comma, comma, "}", safe=False) if comma >= 0 else None
                self.expected("a key or `}`" if comma >= 0 else "`}`", opened=node.start, edit=edit)
                if comma >= 0:  # what follows is the next element of the array around
                    self.pos = comma
                return self._close(node, taken=False)
            if char == ",":
                self.stray_comma()
                continue
            key = self._key()
            if key is None:
                continue
            self._member(node, seen, key, depth)
            comma = self.separator("}")

    def _wrong_closer(self, node: Node, right: str, *, taken: bool) -> Node:
        """Ends a node at the other kind's bracket: written for its own (`taken`), or its own is missing."""
        at = self.pos if taken else self.last_end
        edit = Edit(f"write `{right}`", at, at + taken, right, safe=taken)
        self.expected(f"`{right}`", opened=node.start, edit=edit)
        return self._close(node, taken=taken)

    def _is_for_object(self) -> bool:
        """Whether a `]` was meant to close the innermost object, rather than an array around it."""
        if "array" in self._open_brackets:
            return False
        return _CLOSES_OBJECT.match(self.text, self.pos + 1) is not None

    def _is_for_array(self) -> bool:
        """Whether a `}` was meant to close the innermost array: more stand here than objects are open."""
        run = _CLOSERS.match(self.text, self.pos)
        return run is not None and run[0].count("}") > self._open_brackets.count("object")

    def _member(self, node: Node, seen: dict[str, Node], key: Node, depth: int) -> None:
        self.path.append(key.value)
        before = seen.get(key.value)
        last_end = node.members[-1][1].end if node.members else node.start + 1
        problems = len(self.damage.problems)
        value = self._after_key(depth)
        if before is not None:
            edit = None
            first = next(there for name, there in node.members if name is before)
            same = self.text[first.start : first.end] == self.text[value.start : value.end]
            if same and len(self.damage.problems) == problems:
                edit = Edit("take the second one out", last_end, value.end, "")
            self.report(
                codes.DUPLICATE_KEY, f"the key `{key.value}` stands twice", key.start, key.end,
                help="both say the same: take one out" if edit else "keep the one that is meant",
                first=(before.start, before.end), edit=edit, syntax=False,
            )  # fmt: skip
        seen[key.value] = key
        node.members.append((key, value))
        self.path.pop()

    def _after_key(self, depth: int) -> Node:
        char = self.skip()
        if char == ":":
            self.pos += 1
            self._more_colons()
            if self.skip() == '"' and self.path[-1] not in _TEXT_FIELDS and self.is_member():
                return self.object_without_brace(depth + 1)
            return self.value(depth + 1)
        sign = _ASSIGN.match(self.text, self.pos)
        if sign is not None:
            self.expected("`:`", edit=Edit("write `:`", *sign.span(), ":"))
            self.pos = sign.end()
            return self.value(depth + 1)
        if char and (char in _STARTS or char.isalpha()):
            self.expected("`:`", edit=Edit("insert a colon", self.last_end, self.last_end, ":"))
            return self.value(depth + 1)
        self.expected("`:` and a value" if char in ("", ",", "}", "]") else "`:`")
        return Node("missing", self.pos, self.pos)

    def _more_colons(self) -> None:
        more = _MORE_COLONS.match(self.text, self.pos)
        if more is not None:
            self.report(
                codes.SYNTAX, "one colon is enough", *more.span(),
                edit=Edit("take it out", *more.span(), ""),
            )  # fmt: skip
            self.pos = more.end()

    def _key(self) -> Node | None:
        char = self.text[self.pos]
        if char == '"':
            key = read_string(self)
        elif char in ("'", "`", "“", "”", "‘", "’"):
            key = read_quoted(self)
        else:
            match = _KEY_WORD.match(self.text, self.pos)
            if match is None:
                self.junk("a key or `}`")
                return None
            start, end = match.span()
            if self.text.startswith('"', end):
                return read_unopened(self, start, end)
            if _MEMBER.match(self.text, end) is not None:
                self.report(
                    codes.SYNTAX, f"`{match[0]}` belongs to nothing", start, end, help="take it out",
                    edit=Edit("remove it", start, end, "", safe=False),
                )  # fmt: skip
                self.pos = end
                return None
            self.report(
                codes.SYNTAX, f"the key `{match[0]}` has no quotes", start, end,
                help=f'write "{match[0]}"', edit=Edit("put it in quotes", start, end, f'"{match[0]}"'),
            )  # fmt: skip
            self.pos = end
            key = Node("string", start, end, match[0])
        self.last_end = key.end
        return key

    def _array(self, depth: int) -> Node:
        node = self._open("array", depth)
        comma = -1
        while True:
            char = self.skip()
            if char == "]":
                if comma >= 0:
                    self.trailing_comma(comma)
                return self._close(node, taken=True)
            if char == "":
                self.expected("`]`", opened=node.start)
                return self._close(node, taken=False)
            if char == "}":
                return self._wrong_closer(node, "]", taken=self._is_for_array())
            if char == ",":
                self.stray_comma()
                continue
            if char == ":":
                self.junk("`,` or `]`")
                continue
            self.path.append(len(node.items))
            is_member = char == '"' and self.is_member()
            item = self.object_without_brace(depth + 1) if is_member else self.value(depth + 1)
            self.path.pop()
            if item.kind != "missing":
                node.items.append(item)
            comma = self.separator("]")

    def separator(self, closer: str) -> int:
        """Reads the comma after an element; returns where it stands, -1 if there is none."""
        char = self.skip()
        if char == ",":
            self.pos += 1
            return self.pos - 1
        if char in ("", "}", "]") or (closer == "}" and char in "{["):
            return -1
        at = self.last_end
        edit = Edit("insert a comma", at, at, ",")
        if char in ";:=，；、":
            edit = Edit("write a comma", self.pos, self.pos + 1, ",")
        self.expected(f"`,` or `{closer}`", edit=edit)
        if char not in _STARTS and not char.isalpha():
            self.junk(f"`,` or `{closer}`")
        return -1

    def trailing_comma(self, comma: int) -> None:
        """Notes a comma that stands before a closing bracket."""
        self.report(
            codes.TRAILING_COMMA, "a comma with nothing after it", comma, comma + 1,
            help="JSON has no comma after the last element",
            edit=Edit("remove the comma", comma, comma + 1, ""),
        )  # fmt: skip

    def stray_comma(self) -> None:
        """Notes a comma that stands before any element."""
        self.report(
            codes.SYNTAX, "a comma with nothing before it", self.pos, self.pos + 1,
            edit=Edit("remove the comma", self.pos, self.pos + 1, ""),
        )  # fmt: skip
        self.pos += 1
